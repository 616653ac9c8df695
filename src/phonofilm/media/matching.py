"""Where in a film a clip comes from, by what is seen and heard alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median

import numpy as np

FRAMES = 9
"""Pictures of a clip that are looked for in the film."""
NOVEL = 0.5
"""Grey levels, on average over a small picture, by which one differs from those beside it if it can be told apart."""
DECISIVE = 0.7
"""A picture is found where the next best differs from it by more than so many times as much as the best."""
STRANGE = 12.0
"""Grey levels by which a picture differs at least from all of a film that does not hold it."""
ENOUGH = 3
"""If fewer pictures than this are found one by one, stretches of them are looked for."""
SHORTEST = 5
"""Pictures that a stretch has at least."""
LIVELIEST = 128
"""Stretches are compared at so many pixels that change much, and at so many that change far."""
ROUNDED = 0.001
"""Seconds by which time stamps may be rounded."""
WINDOW = 2
"""Seconds of sound that are looked for at a time."""
QUIET = 1e-4
"""Mean square root of sound that is as good as none."""
ALIKE = 0.5
"""Sound that correlates less than this with every stretch of a film is not in it."""
TONAL = 0.97
"""Sound that correlates so much, compared with its best place, with another one is a tone or repeats itself."""


class Doubt(str, Enum):
    """Why a clip could not be found in its film."""

    ABSENT = "absent"
    """There is no such stream."""
    STATIC = "static"
    """No picture differs enough from those beside it."""
    UNCLEAR = "unclear"
    """Pictures differ, but not so that one of the film's is plainly the same."""
    SILENT = "silent"
    TONAL = "tonal"
    """The sound is the same in several places."""
    UNLIKE = "unlike"
    """The film holds nothing like it near the place where it should be."""


@dataclass(frozen=True)
class Finding:
    """By how much the content of a stream is late.

    Attributes:
        errors: for several places in the clip, the seconds by which what is seen or heard there comes from later in
            the film than it should; none: not found.
        doubt: why it was not found.
    """

    errors: tuple[float, ...]
    doubt: Doubt | None = None

    @classmethod
    def of(cls, errors: Sequence[float], doubt: Doubt) -> Finding:
        """The finding of these errors, or the doubt if there are none."""
        return cls(tuple(errors), None if errors else doubt)

    @property
    def error(self) -> float | None:
        """The median; a few pictures may look like others elsewhere."""
        return median(self.errors) if self.errors else None

    def is_beyond(self, limit: float) -> bool:
        """The median is off by more than ``limit`` seconds, or more than a third of the places are."""
        beyond = sum(abs(error) > limit for error in self.errors)
        return self.error is not None and (abs(self.error) > limit or 3 * beyond > len(self.errors))


@dataclass(frozen=True, eq=False)
class Moments:
    """Pictures and when they are shown.

    Attributes:
        times: float64 ``(picture,)``, seconds, rising.
        greys: uint8 ``(picture, height, width)``.
    """

    times: np.ndarray
    greys: np.ndarray


def find_in_order(clip: Moments, film: Moments, reach: float) -> Finding:
    """The clip's pictures one by one (:func:`find_pictures`), or together where too few of them tell.

    Stretches of pictures are found where each picture is shown twice, or hardly anything moves: a mouth, a clock in a
    corner. The clip must show the pictures in the film's own rhythm; at another rate a stretch has no one place.
    """
    alone = find_pictures(clip, film, reach)
    if len(alone.errors) >= ENOUGH or alone.doubt is Doubt.UNLIKE:
        return alone
    together = tuple(_find_stretches(clip, film, reach))
    return Finding(together) if together else alone


def find_pictures(clip: Moments, film: Moments, reach: float) -> Finding:
    """The clip's most distinct pictures among those that the film shows at most ``reach`` seconds apart."""
    novelty = _novelty(clip.greys)
    ranked = [int(index) for index in np.argsort(-novelty, kind="stable")[:FRAMES] if novelty[index] > NOVEL]
    found = [_find_picture(clip.times[index], clip.greys[index], film, reach) for index in ranked]
    errors = [error for error, _ in found if error is not None]
    if not ranked:
        return Finding.of((), Doubt.STATIC)
    strange = min(distance for _, distance in found) > STRANGE
    return Finding.of(errors, Doubt.UNLIKE if strange else Doubt.UNCLEAR)


def _novelty(greys: np.ndarray) -> np.ndarray:
    """Mean difference of each picture from the more similar one of those beside it."""
    if len(greys) < 2:
        return np.full(len(greys), np.inf)
    steps = np.array([difference(before, after) for before, after in pairwise(greys)])
    return np.minimum(np.append(steps, np.inf), np.append(np.inf, steps))


def _find_picture(time: float, grey: np.ndarray, film: Moments, reach: float) -> tuple[float | None, float]:
    """How much later the film shows the same, if it plainly does; and how much the best differs."""
    near = np.flatnonzero(np.abs(film.times - time) <= reach)
    if not len(near):
        return None, np.inf
    distances = _distances(film.greys[near], grey)
    best = int(np.argmin(distances))
    found = float(film.times[near[best]] - time) if _is_plain(distances, best) else None
    return found, float(distances[best])


def _find_stretches(clip: Moments, film: Moments, reach: float) -> Iterator[float]:
    """How much later the film shows the clip's beginning, middle and end, where it plainly does."""
    lively = _liveliest(film.greys)
    greys, film_greys = (
        greys.reshape(len(greys), -1)[:, lively].astype(np.int16) for greys in (clip.greys, film.greys)
    )
    parts = min(ENOUGH, len(clip.times) // SHORTEST)
    for indices in np.array_split(np.arange(len(clip.times)), parts) if parts else ():
        times = clip.times[indices]
        lags = film.times - times[0]
        lags = lags[(np.abs(lags) <= reach) & (lags <= film.times[-1] - times[-1] + ROUNDED)]
        costs = np.array([_distance_at(lag, times, greys[indices], film.times, film_greys) for lag in lags])
        best = int(np.argmin(costs)) if len(costs) else 0
        if _is_plain(costs, best):
            yield float(lags[best])


def _liveliest(greys: np.ndarray) -> np.ndarray:
    """The pixels that change most in all and those that change farthest, counted row by row.

    The one tells pictures from those beside them; the other, as a clock's minutes, from those that are alike elsewhere.
    """
    flat = greys.reshape(len(greys), -1)
    change = np.zeros(flat.shape[1])
    for before, after in pairwise(flat):
        change += np.abs(after.astype(np.int16) - before)
    return np.union1d(_greatest(change), _greatest(np.ptp(flat, axis=0)))


def _greatest(values: np.ndarray) -> np.ndarray:
    """Where the greatest values are, as far as they are at least a quarter of the greatest one."""
    ranked = np.argsort(-values.astype(np.float64), kind="stable")[:LIVELIEST]
    return ranked[4.0 * values[ranked] >= values.max()]


def _distance_at(
    lag: float, times: np.ndarray, greys: np.ndarray, film_times: np.ndarray, film_greys: np.ndarray
) -> float:
    """Mean difference of pictures from those that the film shows ``lag`` seconds later."""
    shown = times + lag
    after = np.clip(np.searchsorted(film_times, shown), 1, len(film_times) - 1)
    nearest = after - (shown - film_times[after - 1] < film_times[after] - shown)
    return float(np.abs(film_greys[nearest] - greys).mean())


def _is_plain(distances: np.ndarray, best: int) -> bool:
    """There is a best one, it is like what is looked for, and no other one nearly as much."""
    if not len(distances):
        return False
    next_best = np.delete(distances, best).min(initial=np.inf)
    return bool(distances[best] < min(STRANGE, DECISIVE * next_best, next_best - NOVEL))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two pictures in grey levels."""
    return float(_distances(one[None], other)[0])


def _distances(greys: np.ndarray, grey: np.ndarray) -> np.ndarray:
    return np.abs(greys.astype(np.int16) - grey).mean((1, 2))


def find_sound(clip: np.ndarray, film: np.ndarray, ahead: int, rate: int) -> Finding:
    """Stretches of a clip's sound in that of its film.

    Args:
        clip: float32 ``(sample,)``.
        film: float32, ``ahead`` samples longer at both ends, so that sample 0 of the clip should be at ``ahead``.
        ahead: how far to look.
        rate: samples a second of both.
    """
    errors: list[float] = []
    doubt = Doubt.SILENT
    for begin, stop in _windows(clip, rate):
        lag = _find_stretch(clip[begin:stop], film[begin : stop + 2 * ahead])
        if isinstance(lag, Doubt):
            doubt = lag
        else:
            errors.append((lag - ahead) / rate)
    return Finding.of(errors, doubt)


def _windows(clip: np.ndarray, rate: int) -> Iterator[tuple[int, int]]:
    """The first, the last, and the loudest stretch that is not silent."""
    length = min(WINDOW * rate, len(clip))
    starts = [*range(0, len(clip) - length, max(length, 1)), len(clip) - length] if length else []
    loudness = {start: float(np.sqrt(np.mean(clip[start : start + length] ** 2))) for start in starts}
    heard = [start for start, level in loudness.items() if level > QUIET]
    chosen = {heard[0], heard[-1], max(heard, key=lambda start: loudness[start])} if heard else set()
    yield from ((start, start + length) for start in sorted(chosen))


def _find_stretch(part: np.ndarray, film: np.ndarray) -> int | Doubt:
    """Where in ``film`` the part lies, by normalised cross-correlation."""
    from scipy.signal import correlate

    part, film = part.astype(np.float64), film.astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(film**2)])
    local = np.maximum(energy[len(part) :] - energy[: -len(part)], 1e-3 * float(part @ part))
    similar = correlate(film, part, mode="valid", method="fft") / np.sqrt(local * float(part @ part))
    best = int(np.argmax(similar))
    if similar[best] < ALIKE:
        return Doubt.UNLIKE
    left, right = _foot(similar, best, -1), _foot(similar, best, 1)
    elsewhere = np.concatenate([similar[: left + 1], similar[right:]])
    return Doubt.TONAL if elsewhere.max(initial=-1.0) > TONAL * similar[best] else best


def _foot(similar: np.ndarray, peak: int, step: int) -> int:
    """Where the slope down from a peak ends."""
    at = peak
    while 0 <= at + step < len(similar) and similar[at + step] < similar[at]:
        at += step
    return at

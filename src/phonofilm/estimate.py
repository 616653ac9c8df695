"""Numbers over clips with their intervals: clips are drawn again whole, since values of one clip go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.stats import t as student

RESAMPLES = 1000
_ROUNDING = 1e-6  # of a rank
TOO_FEW = "none: it takes 2 clips that count"
BOOTSTRAP = f"percentile bootstrap over clips, {RESAMPLES} resamples"


class Parts(Protocol):
    """What a number over clips was made of, clip by clip, so that it can be compared with another's."""

    @property
    def value(self) -> float:
        """The number."""
        ...

    def of(self, places: Sequence[int]) -> Parts | None:
        """The parts of these clips, in this order; ``None`` where clips cannot be told apart any more."""
        ...

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """95 % interval of this number minus another one of the same clips in the same order.

        Args:
            other: what is taken away.
            seed: of the resampling.
            size: of this number's size minus the other one's, whatever their signs.

        Returns:
            ``None`` if the other one is of another kind or of another number of clips, or if the clips give no value.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, which :func:`parts_from_json` reads."""
        ...


@dataclass(frozen=True)
class Estimate:
    """A number over clips.

    Attributes:
        value: ``None`` where it cannot be had.
        interval: its 95 % interval, where one can be had.
        method: how the interval was made, or why there is none.
        reason: why there is no value.
        n: values it rests on.
        clips: clips that were drawn from.
        parts: what it is made of, clip by clip.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    method: str = ""
    reason: str | None = None
    n: int = 0
    clips: int = 0
    parts: Parts | None = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class Shares:
    """A sum over clips divided by another one.

    Attributes:
        tops, bottoms: ``(clips,)``.
    """

    tops: np.ndarray
    bottoms: np.ndarray

    @property
    def value(self) -> float:
        """The number."""
        return float(self.tops.sum() / self.bottoms.sum())

    def of(self, places: Sequence[int]) -> Shares:
        """The parts of these clips."""
        chosen = np.asarray(places, np.int64)
        return Shares(self.tops[chosen], self.bottoms[chosen])

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where nothing is divided by."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (counts @ self.tops) / (counts @ self.bottoms)

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a paired bootstrap."""
        if not isinstance(other, Shares):
            return None
        return _paired(self, other, self.bottoms != 0, other.bottoms != 0, seed, size)

    def to_json(self) -> dict[str, Any]:
        """``tops`` and ``bottoms``."""
        return {"tops": self.tops.tolist(), "bottoms": self.bottoms.tolist()}


@dataclass(frozen=True, eq=False)
class Ranks:
    """A quantile of all clips' values together.

    Attributes:
        per_clip: the values of each clip, ``(k,)``.
        share: which quantile.
    """

    per_clip: Sequence[np.ndarray]
    share: float

    @property
    def value(self) -> float:
        """The number."""
        return float(self.redrawn(np.ones((1, len(self.per_clip))))[0])

    def of(self, places: Sequence[int]) -> Ranks:
        """The parts of these clips."""
        return Ranks([self.per_clip[place] for place in places], self.share)

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where there is no value."""
        values = np.concatenate(self.per_clip)
        order = np.argsort(values)
        drawn = counts[:, _owners(self.per_clip)[order]]
        filled = drawn.any(axis=1)
        found = np.full(len(counts), np.nan)
        found[filled] = _ranked(values[order], drawn[filled], self.share)
        return found

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a paired bootstrap."""
        if not isinstance(other, Ranks) or other.share != self.share:
            return None
        mine, theirs = (np.array([len(values) > 0 for values in parts.per_clip]) for parts in (self, other))
        return _paired(self, other, mine, theirs, seed, size)

    def to_json(self) -> dict[str, Any]:
        """``values`` of each clip and ``share``."""
        return {"values": [values.tolist() for values in self.per_clip], "share": self.share}


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A number without each group of clips in turn, as the jackknife wants it.

    Attributes:
        value: with all of them.
        without: ``(groups,)``.
        clips: how many there are; they were dealt into groups by their places.
    """

    value: float
    without: np.ndarray
    clips: int

    def of(self, places: Sequence[int]) -> LeftOut | None:
        """These same parts if all clips are chosen in their order."""
        return self if list(places) == list(range(self.clips)) else None

    def interval(self) -> tuple[float, float]:
        """The 95 % interval, by Student's t."""
        groups = len(self.without)
        spread = np.sqrt((groups - 1) / groups * ((self.without - self.without.mean()) ** 2).sum())
        reach = float(student.ppf(0.975, groups - 1) * spread)
        return self.value - reach, self.value + reach

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a jackknife of the difference."""
        if not isinstance(other, LeftOut) or (other.clips, len(other.without)) != (self.clips, len(self.without)):
            return None
        value = _sized(np.array(self.value), size) - _sized(np.array(other.value), size)
        without = _sized(self.without, size) - _sized(other.without, size)
        return LeftOut(float(value), without, self.clips).interval()

    def to_json(self) -> dict[str, Any]:
        """``value``, ``without`` and ``clips``."""
        return {"value": self.value, "without": self.without.tolist(), "clips": self.clips}


def parts_from_json(row: Mapping[str, Any]) -> Parts:
    """What ``to_json`` of any kind of parts gave.

    Raises:
        KeyError, TypeError, ValueError: if it did not.
    """
    if "tops" in row:
        return Shares(np.asarray(row["tops"], np.float64), np.asarray(row["bottoms"], np.float64))
    if "values" in row:
        return Ranks([np.asarray(values, np.float64) for values in row["values"]], float(row["share"]))
    return LeftOut(float(row["value"]), np.asarray(row["without"], np.float64), int(row["clips"]))


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int | None, *, empty: str) -> Estimate:
    """Sum over sum, with a bootstrap interval over clips.

    Args:
        numerators, denominators: one of each per clip.
        seed: of the resampling; ``None``: no interval.
        empty: the reason given where the denominators, which are counts of values, add up to nothing.
    """
    parts = Shares(np.asarray(numerators, np.float64), np.asarray(denominators, np.float64))
    top, bottom = parts.tops, parts.bottoms
    if bottom.sum() == 0:
        return Estimate(None, reason=empty)
    value, n = parts.value, round(bottom.sum())
    if seed is None:
        return Estimate(value, n=n, clips=len(top))
    if np.count_nonzero(bottom) < 2:
        return Estimate(value, None, TOO_FEW, n=n, clips=len(top), parts=parts)
    interval = _percentiles(parts.redrawn(_counts(len(top), seed)))
    return Estimate(value, interval, BOOTSTRAP, n=n, clips=len(top), parts=parts)


def mean(values: Sequence[float], seed: int, *, empty: str) -> Estimate:
    """Mean over clips with a bootstrap interval."""
    return ratio(values, [1.0] * len(values), seed, empty=empty)


def quantile(per_clip: Sequence[np.ndarray], share: float, seed: int | None, *, empty: str) -> Estimate:
    """A quantile of all clips' values together; clips are resampled whole, since values of one clip go together.

    The quantile of n values is the one of rank ``ceil(share n)``; where ``share n`` is whole, the mean of that one
    and the next (so the median is the usual one). For ``seed`` and ``empty`` see :func:`ratio`.
    """
    clips, owner = len(per_clip), _owners(per_clip)
    if not len(owner):
        return Estimate(None, reason=empty)
    parts = Ranks(per_clip, share)
    value = parts.value
    if seed is None:
        return Estimate(value, n=len(owner), clips=clips)
    if owner[0] == owner[-1]:
        return Estimate(value, None, TOO_FEW, n=len(owner), clips=clips, parts=parts)
    interval = _percentiles(parts.redrawn(_counts(clips, seed)))
    return Estimate(value, interval, BOOTSTRAP, n=len(owner), clips=clips, parts=parts)


def _owners(per_clip: Sequence[np.ndarray]) -> np.ndarray:
    """The clip of each value, ``(values,)``."""
    return np.repeat(np.arange(len(per_clip)), [len(values) for values in per_clip])


def weighted(clips: int, statistic: Callable[[np.ndarray], float], seed: int, *, empty: str) -> Estimate:
    """Any statistic that can be had of clips of which each counts more than once, or not at all.

    Args:
        clips: their number.
        statistic: of how often each counts, ``(clips,)``.
        seed: of the resampling.
        empty: the reason given where there are no clips.
    """
    if not clips:
        return Estimate(None, reason=empty)
    value = statistic(np.ones(clips))
    if clips < 2:
        return Estimate(value, None, TOO_FEW, n=clips, clips=clips)
    interval = _percentiles(np.array([statistic(times) for times in _counts(clips, seed)]))
    return Estimate(value, interval, BOOTSTRAP, n=clips, clips=clips)


def _ranked(values: np.ndarray, counts: np.ndarray, share: float) -> np.ndarray:
    """Quantile of sorted ``values`` ``(n,)``, each taken as often as each row of ``counts`` ``(rows, n)`` says."""
    reached = counts.cumsum(axis=1)
    rank = share * reached[:, -1:] - _ROUNDING
    low, high = (reached < rank).sum(axis=1), (reached < rank + 2 * _ROUNDING).sum(axis=1)
    return (values[low] + values[np.minimum(high, len(values) - 1)]) / 2


def _paired(
    one: Shares | Ranks, other: Shares | Ranks, mine: np.ndarray, theirs: np.ndarray, seed: int, size: bool
) -> tuple[float, float] | None:
    """Both numbers on the same draws of the same clips, and their difference; ``mine``, ``theirs``: clips that count.

    A single clip that counts would be the same in every draw, and look certain.
    """
    if len(mine) != len(theirs) or min(mine.sum(), theirs.sum()) < 2:
        return None
    counts = _counts(len(mine), seed)
    return _percentiles(_sized(one.redrawn(counts), size) - _sized(other.redrawn(counts), size))


def _sized(values: np.ndarray, size: bool) -> np.ndarray:
    """The values, or their sizes."""
    return np.abs(values) if size else values


def _counts(n: int, seed: int) -> np.ndarray:
    """How often each of ``n`` clips is drawn in each resample, ``(RESAMPLES, n)``."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _percentiles(draws: np.ndarray) -> tuple[float, float]:
    """Between which 95 % of the draws lie that have a value."""
    low, high = np.percentile(draws[~np.isnan(draws)], [2.5, 97.5])
    return float(low), float(high)

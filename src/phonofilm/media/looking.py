"""A clip and its film side by side: where what is seen and heard in the one comes from in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import sqrt

import numpy as np

from phonofilm.media.decoders import Decoder, Heard, Seen, placed
from phonofilm.media.matching import (
    NOVEL,
    Doubt,
    Finding,
    Moments,
    difference,
    find_in_order,
    find_pictures,
    find_sound,
)
from phonofilm.media.mix import mix
from phonofilm.media.picture import centre, cover
from phonofilm.media.probe import AudioInfo, MediaInfo
from phonofilm.media.resample import resample_audio
from phonofilm.pair import AV
from phonofilm.shapes import nearest

SMALL = 128
"""Pictures are compared at about so many squared pixels."""
REACH = 1.0
"""How far to look for a clip's content around its place, in seconds."""
WHOLE = 60
"""Seconds up to which a clip is looked for as a whole; of longer ones so much in all, which memory holds."""
PARTS = 6
"""Parts of a longer clip that are looked for, evenly from its beginning to its end."""
TELLING = (Doubt.UNLIKE, Doubt.UNCLEAR, Doubt.TONAL, Doubt.STATIC, Doubt.SILENT, Doubt.ABSENT)
"""Where no part of a clip was found, the first of these that is true of one says why."""


@dataclass(frozen=True)
class Pairing:
    """A clip, and where it should come from.

    Attributes:
        clip, film: what they are.
        place: where its pictures and its sound should come from, in seconds on the film's own clock; ``None``
            without sound.
        length: of the clip, in seconds.
        kept: the (height, width) of the clip's pictures without what makes them even; ``None``: they are even.
        steady: the clip's pictures were chosen for a constant clock: the middles of their times are compared.
    """

    clip: MediaInfo
    film: MediaInfo
    place: AV[Fraction | None]
    length: Fraction
    kept: tuple[int, int] | None = None
    steady: bool = False


@dataclass(frozen=True)
class Content:
    """Where a clip's pictures and sound come from, against the place where they should.

    Attributes:
        counts: pictures and samples that came out.
        starts: when the first picture is shown and the first sample heard, in seconds on the clip's own clock.
        found: by how much each stream's content is late when its time stamps are honoured.
        times: of the clip's pictures after its start, in seconds.
        film_times: of the film's pictures around it, after the clip's place, in seconds.
    """

    counts: AV[int]
    starts: AV[Fraction | None]
    found: AV[Finding]
    times: tuple[Fraction, ...]
    film_times: tuple[Fraction, ...]


@dataclass
class _Part:
    """A part of a clip that is looked for in its film.

    Attributes:
        begin, end: in seconds after the clip's start; ``None``: to its end.
        seen, film_seen: pictures of clip and film.
        heard: the clip's sound, in runs that may reach beyond the part.
    """

    begin: Fraction
    end: Fraction | None
    seen: list[Seen] = field(default_factory=list)
    film_seen: list[Seen] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def holds(self, begin: Fraction, end: Fraction, far: Fraction = Fraction(0)) -> bool:
        """Whether what lasts from ``begin`` to ``end`` lies in it, if only partly, or so far away."""
        return end >= self.begin - far and (self.end is None or begin < self.end + far)


@dataclass(frozen=True)
class _Sight:
    """Of pictures: their times, those of the film's, and what was found."""

    times: tuple[Fraction, ...]
    film_times: tuple[Fraction, ...]
    finding: Finding


@dataclass(frozen=True)
class _Hearing:
    """Of sound: how many samples, the time of the first one, and what was found."""

    samples: int
    start: Fraction | None
    finding: Finding


def look(pairing: Pairing, decoder: Decoder, reach: float = REACH) -> Content:
    """Find a clip's content in its film, at most ``reach`` seconds from where it should be.

    All of it is decoded and counted. A clip longer than :data:`WHOLE` is looked for in :data:`PARTS` parts, so that
    memory holds no more of it.

    Raises:
        MediaError: if one of them cannot be decoded, or the decoder is not there.
    """
    sight, hearing = _look(pairing, decoder, reach), _listen(pairing, decoder, Fraction(reach))
    return Content(
        AV(len(sight.times), hearing.samples),
        AV(sight.times[0] if sight.times else None, hearing.start),
        AV(sight.finding, hearing.finding),
        sight.times,
        sight.film_times,
    )


def _parts(length: Fraction) -> list[_Part]:
    """Those of a clip of so many seconds that are looked for."""
    if length <= WHOLE:
        return [_Part(Fraction(0), None)]
    each = Fraction(WHOLE, PARTS)
    begins = [index * (length - each) / (PARTS - 1) for index in range(PARTS)]
    return [_Part(begin, begin + each) for begin in begins]


def _look(pairing: Pairing, decoder: Decoder, reach: float) -> _Sight:
    clip, film, begin = pairing.clip, pairing.film, pairing.place.video
    assert film.video is not None and begin is not None
    far, own = Fraction(reach), (film.video.height, film.video.width)
    stored = own if clip.video is None else (clip.video.height, clip.video.width)
    kept = pairing.kept or stored
    scale = Fraction(min(SMALL / sqrt(kept[0] * kept[1]), 1.0))
    height, width = _scaled(kept, scale)
    wide = cover(own, (height, width))
    parts = _parts(pairing.length)
    times, film_times = list[Fraction](), list[Fraction]()
    if clip.video is not None:
        for one in decoder.pictures(clip, clip.video, _scaled(stored, scale), clip.origin, None):
            times.append(time := one.time - clip.origin)
            for part in parts:
                if part.holds(time, time):
                    part.seen.append(Seen(time, one.grey[:height, :width]))
    for one in decoder.pictures(film, film.video, wide, begin - far, begin + pairing.length + far):
        film_times.append(time := one.time - begin)
        for part in parts:
            if part.end is None or part.holds(time, time, far):
                part.film_seen.append(Seen(time, centre(one.grey, (height, width))))
    found = [_find_seen(part, pairing.steady, reach) for part in parts if part.seen]
    return _Sight(tuple(times), tuple(film_times), _together(found if film_times else []))


def _find_seen(part: _Part, steady: bool, reach: float) -> Finding:
    """A part's pictures in the film's."""
    if not part.film_seen:
        return Finding.of((), Doubt.UNLIKE)
    times, film_times = ([one.time for one in seen] for seen in (part.seen, part.film_seen))
    film_greys = np.stack([one.grey for one in part.film_seen])
    greys = [one.grey for one in part.seen]
    if steady:
        return find_pictures(_held(times, greys), Moments(_seconds(_middles(film_times)), film_greys), reach)
    return find_in_order(Moments(_seconds(times), np.stack(greys)), Moments(_seconds(film_times), film_greys), reach)


def _listen(pairing: Pairing, decoder: Decoder, far: Fraction) -> _Hearing:
    clip, film, begin = pairing.clip, pairing.film, pairing.place.audio
    parts = _parts(pairing.length)
    samples, start = (0, None) if clip.audio is None else _hear(clip, clip.audio, decoder, parts)
    if clip.audio is None or film.audio is None or begin is None or start is None:
        return _Hearing(samples, start, Finding.of((), Doubt.ABSENT))
    rate, found = clip.audio.sample_rate, []
    for part in parts:
        if part.heard:
            since = nearest(part.begin * rate)
            count = samples if part.end is None else min(nearest((part.end - part.begin) * rate), samples - since)
            after = start + Fraction(since, rate)
            own = placed(iter(part.heard), clip.origin + after, count, rate)
            found.append(_find_heard(own, clip.audio, film, film.audio, begin + after, decoder, far))
    return _Hearing(samples, start, _together(found))


def _hear(clip: MediaInfo, audio: AudioInfo, decoder: Decoder, parts: list[_Part]) -> tuple[int, Fraction | None]:
    """How many samples a clip has, and when the first is heard; what the parts hold goes to them."""
    samples, start = 0, None
    for run in decoder.sound(clip, audio, clip.origin, None):
        time, length = run.time - clip.origin, Fraction(run.samples.shape[1], audio.sample_rate)
        start = time if start is None else start
        samples += run.samples.shape[1]
        for part in parts:
            if part.end is None or part.holds(time - start, time - start + length):
                part.heard.append(run)
    return samples, start


def _together(found: Sequence[Finding]) -> Finding:
    """What was found of all parts."""
    doubts = [one.doubt for one in found]
    errors = [error for one in found for error in one.errors]
    return Finding.of(errors, next((doubt for doubt in TELLING if doubt in doubts), Doubt.ABSENT))


def _find_heard(
    own: np.ndarray,
    form: AudioInfo,
    film: MediaInfo,
    audio: AudioInfo,
    begin: Fraction,
    decoder: Decoder,
    far: Fraction,
) -> Finding:
    """A clip's sound in its film's, at the film's rate; it should be at ``begin``."""
    rate = audio.sample_rate
    heard = resample_audio(mix(own, form.speakers, 1), form.sample_rate, rate)[0]
    ahead = nearest(far * rate)
    since, count = begin - Fraction(ahead, rate), len(heard) + 2 * ahead
    around = placed(decoder.sound(film, audio, since, since + Fraction(count, rate)), since, count, rate)
    channels = audio.speakers if len(around) == audio.channels else ("FC",)
    return find_sound(heard, mix(around, channels, 1)[0], ahead, rate)


def _scaled(size: tuple[int, int], scale: float | Fraction) -> tuple[int, int]:
    height, width = (max(nearest(Fraction(side) * Fraction(scale)), 1) for side in size)
    return height, width


def _held(times: Sequence[Fraction], greys: Sequence[np.ndarray]) -> Moments:
    """Each picture once, in the middle of the time for which it is held."""
    new = [0, *(at + 1 for at, pair in enumerate(pairwise(greys)) if difference(*pair) > NOVEL)]
    ends = [*new[1:], len(times)]
    last = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0)
    until = [*times, last]
    middles = [(until[begin] + until[end]) / 2 for begin, end in zip(new, ends, strict=True)]
    return Moments(_seconds(middles), np.stack([greys[index] for index in new]))


def _middles(times: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Of the times for which pictures are shown; the last one as long as the one before."""
    last = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0)
    return tuple((begin + end) / 2 for begin, end in pairwise([*times, last]))


def _seconds(times: Sequence[Fraction]) -> np.ndarray:
    return np.array([float(time) for time in times])

"""Is a clip what its film shows and sounds at its place? Counted again, and found again by content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np

from phonofilm.media.decoders import Decoder, Library, placed
from phonofilm.media.form import Form
from phonofilm.media.matching import NOVEL, Doubt, Finding, Moments, difference, find_pictures, find_sound
from phonofilm.media.mix import mix
from phonofilm.media.picture import centre, cover
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo, probe
from phonofilm.media.resample import STAMP_ERROR, resample_audio
from phonofilm.media.source import film_streams, opened
from phonofilm.media.span import Span
from phonofilm.pair import AV
from phonofilm.shapes import nearest

SMALL = 64
"""Pictures are compared at about so many squared pixels."""
REACH = 1.0
"""How far to look for a clip's content around its place, in seconds."""
LIMIT = 0.001
"""Seconds by which picture, sound and the skew between them may be off where the film's rates are kept."""


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


@dataclass(frozen=True)
class Verdict:
    """What is known of a clip.

    Attributes:
        decoder: that looked at it.
        counts, due: pictures and samples that it has, and should have.
        times_error: of its pictures' times, at most, against those due, in seconds; ``None``: their number is wrong.
        found: by how much picture and sound are late; :class:`Doubt` says where that cannot be told.
        limits: by how much they may be.
    """

    decoder: str
    counts: AV[int]
    due: AV[int]
    times_error: float | None
    found: AV[Finding]
    limits: AV[float]

    @property
    def skew(self) -> float | None:
        """Seconds by which the sound's content is later than the picture's; ``None`` if one was not found."""
        picture, sound = self.found.video.error, self.found.audio.error
        return None if picture is None or sound is None else sound - picture

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, each in a few words; nothing if it is exact as far as can be judged."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[str]:
        for name, has, due, found, limit in zip(
            ("picture", "sound"), self.counts, self.due, self.found, self.limits, strict=True
        ):
            if has != due:
                yield f"{name}: {has} of {due} are there"
            if found.doubt is Doubt.UNLIKE or (found.doubt is Doubt.ABSENT and due):
                yield f"{name}: {found.doubt.value}"
            if found.is_beyond(limit):
                yield f"{name}: {_listed(found.errors)} ms off"
        if self.times_error is not None and self.times_error > LIMIT:
            yield f"picture: times up to {1000 * self.times_error:.1f} ms off"
        if self.skew is not None and abs(self.skew) > sum(self.limits):
            yield f"sound {1000 * self.skew:+.1f} ms against picture"


def verify(
    clip: str | Path, film: str | Path, span: Span, form: Form | None = None, decoder: Decoder | None = None
) -> Verdict:
    """Decode a clip and its place in the film, count, and find the one in the other.

    At a constant frame rate the middles of the frames' times are compared, and pictures may be off by half the time
    for which the film shows them.

    Args:
        clip: the file.
        film: that it was cut from.
        span: its place.
        form: that it was cut in.
        decoder: :class:`Library` (default) or :class:`phonofilm.media.decoders.Program`.

    Raises:
        MediaError: if one of the files cannot be decoded, or the decoder is not there.
    """
    form, decoder = form or Form(), decoder or Library()
    source = probe(film)
    tick = tick_of(source)
    begin, end = span.first_pts * tick, span.end_pts * tick
    audio = source.audio
    heard = None
    if audio is not None and span.samples:
        heard = source.origin + Fraction(span.first_sample, audio.sample_rate)
    content = look(probe(clip), source, AV(begin, heard), end - begin, decoder, steady=form.fps is not None)
    rate = 0 if audio is None or heard is None else audio.sample_rate
    shown = [time for time in content.film_times if 0 <= time < end - begin]
    if form.fps is None:
        due, limit = shown, LIMIT
    else:
        due = [index / form.fps for index in range(max(nearest((end - begin) * form.fps), 1))]
        limit = float(max((b - a for a, b in pairwise([*shown, end - begin])), default=Fraction(0)) / 2 + STAMP_ERROR)
    errors = [abs(a - b) for a, b in zip(content.times, due, strict=False)]
    return Verdict(
        decoder.name,
        content.counts,
        AV(len(due) if form.fps else span.frames, _due_samples(span, rate, form)),
        float(max(errors, default=Fraction(0))) if len(content.times) == len(due) else None,
        content.found,
        AV(limit, LIMIT),
    )


def look(
    clip: MediaInfo,
    film: MediaInfo,
    place: AV[Fraction | None],
    length: Fraction,
    decoder: Decoder,
    *,
    steady: bool = False,
    reach: float = REACH,
) -> Content:
    """Find a clip's content in its film.

    Args:
        clip, film: what they are.
        place: where its pictures and its sound should come from, in seconds on the film's own clock; ``None``
            without sound.
        length: of the clip, in seconds.
        decoder: to look with.
        steady: the clip's pictures were chosen for a constant clock: compare the middles of their times.
        reach: how far to look around, in seconds.

    Raises:
        MediaError: see :func:`verify`.
    """
    assert film.video is not None and place.video is not None
    far = Fraction(reach)
    size = _small(clip.video or film.video)
    wide = cover((film.video.height, film.video.width), size)
    seen = [] if clip.video is None else list(decoder.pictures(clip, clip.video, size, clip.origin, None))
    around = list(decoder.pictures(film, film.video, wide, place.video - far, place.video + length + far))
    times = tuple(one.time - clip.origin for one in seen)
    film_times = tuple(one.time - place.video for one in around)
    picture = Finding.of((), Doubt.ABSENT)
    if seen and around:
        greys, film_greys = [one.grey for one in seen], [centre(one.grey, size) for one in around]
        if steady:
            here, there = _held(times, greys), Moments(_seconds(_middles(film_times)), np.stack(film_greys))
        else:
            here, there = Moments(_seconds(times), np.stack(greys)), Moments(_seconds(film_times), np.stack(film_greys))
        picture = find_pictures(here, there, reach)
    samples, first_heard, sound = 0, None, Finding.of((), Doubt.ABSENT)
    if clip.audio is not None:
        runs = list(decoder.sound(clip, clip.audio, clip.origin, None))
        samples = sum(run.samples.shape[1] for run in runs)
        first_heard = runs[0].time - clip.origin if runs else None
        if runs and film.audio is not None and place.audio is not None:
            own = placed(iter(runs), runs[0].time, samples, clip.audio.sample_rate)
            sound = _find_heard(
                own, clip.audio, film, film.audio, place.audio + runs[0].time - clip.origin, decoder, far
            )
    starts = AV(times[0] if times else None, first_heard)
    return Content(AV(len(seen), samples), starts, AV(picture, sound), times, film_times)


def tick_of(film: MediaInfo) -> Fraction:
    """The unit of a film's picture times, in seconds."""
    with opened(film.path) as container:
        return film_streams(container).video.time_base


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


def _small(video: VideoInfo) -> tuple[int, int]:
    """A small (height, width) of a picture's shape."""
    scale = min(SMALL / sqrt(video.height * video.width), 1.0)
    return max(round(video.height * scale), 1), max(round(video.width * scale), 1)


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


def _due_samples(span: Span, rate: int, form: Form) -> int:
    return nearest(Fraction(span.samples * (form.sample_rate or rate), rate)) if rate else 0


def _listed(errors: Sequence[float]) -> str:
    return ", ".join(f"{1000 * error:+.1f}" for error in errors)

"""Is a clip what its film shows and sounds at its place? Counted again, and found again by content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from phonofilm.media.decoders import Decoder, Library
from phonofilm.media.form import Form
from phonofilm.media.looking import Content, Pairing, look
from phonofilm.media.matching import Doubt, Finding
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.resample import STAMP_ERROR
from phonofilm.media.source import film_streams, opened
from phonofilm.media.span import Span
from phonofilm.pair import AV
from phonofilm.shapes import nearest

LIMIT = 0.001
"""Seconds by which picture, sound and the skew between them may be off where the film's rates are kept."""


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
    tick, audio = tick_of(source), source.audio
    begin, length = span.first_pts * tick, (span.end_pts - span.first_pts) * tick
    heard = None
    if audio is not None and span.samples:
        heard = source.origin + Fraction(span.first_sample, audio.sample_rate)
    kept = form.size or (source.video and (source.video.height, source.video.width))
    content = look(Pairing(probe(clip), source, AV(begin, heard), length, kept, form.fps is not None), decoder)
    due, limit = _due(content, length, form)
    errors = [abs(a - b) for a, b in zip(content.times, due, strict=False)]
    return Verdict(
        decoder.name,
        content.counts,
        AV(
            len(due) if form.fps else span.frames,
            _due_samples(source, span, form),
        ),
        float(max(errors, default=Fraction(0))) if len(content.times) == len(due) else None,
        content.found,
        AV(limit, LIMIT),
    )


def _due(content: Content, length: Fraction, form: Form) -> tuple[list[Fraction], float]:
    """When the clip's pictures should be shown, and by how much their content may be off, in seconds."""
    shown = [time for time in content.film_times if 0 <= time < length]
    if form.fps is None:
        return shown, LIMIT
    longest = max((end - begin for begin, end in pairwise([*shown, length])), default=Fraction(0))
    ticks = max(nearest(length * form.fps), 1)
    return [index / form.fps for index in range(ticks)], float(longest / 2 + STAMP_ERROR)


def tick_of(film: MediaInfo) -> Fraction:
    """The unit of a film's picture times, in seconds."""
    with opened(film.path) as container:
        return film_streams(container).video.time_base


def _due_samples(film: MediaInfo, span: Span, form: Form) -> int:
    """How many samples the clip should have."""
    if film.audio is None:
        return 0
    rate = film.audio.sample_rate
    return nearest(Fraction(span.samples * (form.sample_rate or rate), rate))


def _listed(errors: Sequence[float]) -> str:
    return ", ".join(f"{1000 * error:+.1f}" for error in errors)

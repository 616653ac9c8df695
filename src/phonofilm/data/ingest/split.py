"""The second stage: where in a film its clips lie, exactly. Times are those of the packets; only cuts need decoding.

Windows of one length follow each other at a fixed stride from the moment where picture and sound are both there, or
anew from each cut.
Each begins at the first picture at or after its place, and its sound at the sample nearest to that picture's time: so
picture and sound of a clip begin within half a sample of each other, whatever the film's rates.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Annotated

from pydantic import Field

from phonofilm.data.ingest.measures.cuts import Cuts
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ClipRow, Row, SourceRow
from phonofilm.data.ingest.scenes import cuts
from phonofilm.data.ingest.stage import Stage
from phonofilm.errors import MediaError
from phonofilm.media.digest import sha256
from phonofilm.media.probe import probe
from phonofilm.media.source import film_streams, opened
from phonofilm.media.span import Span
from phonofilm.shapes import sample_of

VERSION = 3
EARLY = Fraction(1, 1000)
"""A picture this much before its place, in seconds, is at it: Matroska rounds times to milliseconds."""


class Split(Row):
    """Settings of the stage.

    Attributes:
        seconds: length of a clip; ``None``: each film is one clip.
        stride: from one clip's beginning to the next one's; ``None``: the length.
        skip: seconds left out at a film's beginning.
        rest: what remains at the end is a shorter clip, from this length on, in seconds; ``None``: it is left out.
        scenes: windows begin anew at each hard cut of the picture and none reaches over one; without ``seconds`` each
            scene is one clip. Every picture is decoded to find the cuts.
    """

    seconds: Annotated[Fraction, Field(gt=0)] | None = None
    stride: Annotated[Fraction, Field(gt=0)] | None = None
    skip: Annotated[Fraction, Field(ge=0)] = Fraction(0)
    rest: Annotated[Fraction, Field(ge=0)] | None = None
    scenes: bool = False


@dataclass(frozen=True)
class Scanned:
    """A film to be split, and what the scan found."""

    place: Path
    row: SourceRow


@dataclass(frozen=True)
class Timeline:
    """When a film's pictures are shown and its sound is heard, on the film's own clock.

    Attributes:
        shown: time of each picture in ticks, rising, and when the last one ends.
        time_base: seconds a tick.
        heard: first and past-the-last moment of its sound, in seconds; ``None`` without sound.
    """

    shown: tuple[int, ...]
    time_base: Fraction
    heard: tuple[Fraction, Fraction] | None

    def index_at(self, time: Fraction) -> int:
        """Index in ``shown`` of the first picture at or after a time in seconds."""
        return bisect_left(self.shown, (time - EARLY) / self.time_base)

    def time(self, index: int) -> Fraction:
        """Of a picture, in seconds."""
        return self.shown[index] * self.time_base

    @property
    def both(self) -> tuple[Fraction, Fraction]:
        """From when until when there are picture and sound."""
        first, last = self.time(0), self.time(-1)
        return (first, last) if self.heard is None else (max(first, self.heard[0]), min(last, self.heard[1]))


def splitting(settings: Split, above: str) -> Stage[ClipRow]:
    """The stage with these settings, on what the stage ``above`` found."""
    version = VERSION + (Cuts.version if settings.scenes else 0)
    return Stage("split", version, ClipRow, split, settings, above)


def split(settings: Split, film: Scanned) -> list[ClipRow]:
    """The clips of a film in the order of their times, each once: windows closer than its pictures hold the same.

    Raises:
        MediaError: if two pictures have the same time, or it is damaged or cut short.
    """
    line = timeline(film.place, film.row)
    scenes = pairwise(_bounds(settings, film, line))
    found = [clip for scene in scenes for clip in _windows(settings, film, line, *scene)]
    return list({clip.clip_id: clip for clip in reversed(found)}.values())[::-1]


def _bounds(settings: Split, film: Scanned, line: Timeline) -> list[Fraction]:
    """Between which moments windows follow each other, in seconds."""
    begin, end = line.both
    first = begin + settings.skip
    inner = [pts * line.time_base for pts in cuts(film.place, film.row)] if settings.scenes else []
    return [first, *(cut for cut in inner if first < cut < end), end]


def _windows(settings: Split, film: Scanned, line: Timeline, begin: Fraction, end: Fraction) -> Iterator[ClipRow]:
    if end - begin <= EARLY:
        return
    length = settings.seconds or end - begin
    stride = settings.stride or length
    for index in range(ceil((end - EARLY - begin) / stride)):
        place = begin + index * stride
        yield _clip(settings, film.row, line, place, min(place + length, end))


def timeline(place: Path, row: SourceRow) -> Timeline:
    """The times of all pictures and the span of the sound, from the packets.

    Raises:
        MediaError: if a picture has no time, two have the same, or the film is damaged or cut short.
    """
    info = probe(place)
    assert row.video is not None and info.video is not None
    with opened(place) as container:
        streams = film_streams(container)
        pictures: list[tuple[int | None, int]] = []  # when and how long each is shown; packets would hold their bytes
        last_heard = Fraction(0)
        for packet in container.demux(*streams.present()):
            if not packet.size or packet.is_discard:
                continue
            if packet.stream_index == streams.video.index:
                pictures.append((packet.pts, packet.duration or 0))
            elif packet.pts is not None:
                last_heard = max(last_heard, (packet.pts + (packet.duration or 0)) * packet.time_base)
    times = sorted((pts, duration) for pts, duration in pictures if pts is not None)
    shown = [pts for pts, _ in times]
    if len(set(shown)) < len(pictures) or not shown:
        raise MediaError(f"{place} has pictures without a time of their own: re-encode it first")
    nominal = 1 / (row.video.fps * row.video.time_base)
    end = shown[-1] + (times[-1][1] or max(1, round(nominal)))
    heard = row.audio and (row.origin + Fraction(row.audio.first_sample, row.audio.sample_rate), last_heard)
    line = Timeline((*shown, end), row.video.time_base, heard)
    # A scan reads no further than the header, and demuxers end quietly where the bytes do.
    info.check_whole(info.video, line.time(-1) - info.origin)
    if info.audio is not None:
        info.check_whole(info.audio, last_heard - info.origin)
    return line


def _clip(settings: Split, row: SourceRow, line: Timeline, begin: Fraction, end: Fraction) -> ClipRow:
    """The clip of one window; with a reason if the film ends before the window does."""
    first, stop = line.index_at(begin), line.index_at(end)
    rate = 0 if row.audio is None else row.audio.sample_rate
    sample, last = (sample_of(max(line.time(index) - row.origin, Fraction(0)), rate) for index in (first, stop))
    span = Span(line.shown[first], line.shown[stop], stop - first, sample, last - sample)
    name = f"{row.sha256} {span}"
    fault = _fault(settings, span, end - begin)
    return ClipRow(
        clip_id=sha256(name.encode())[:16],
        source_id=row.source_id,
        span=span,
        reason=Reason.TOO_SHORT if fault else None,
        message=fault,
    )


def _fault(settings: Split, span: Span, seconds: Fraction) -> str:
    """What keeps the clip of a window from being one; empty if nothing does."""
    within = "scene" if settings.scenes else "film"
    wanted = settings.seconds if settings.rest is None else settings.rest
    if wanted is not None and seconds < wanted - EARLY:
        return f"the {within} has {float(seconds):.3f} s left here"
    return "" if span.frames else f"no picture begins within these {float(seconds):.3f} s"

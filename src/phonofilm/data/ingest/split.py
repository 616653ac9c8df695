"""The second stage: where in a film its clips lie, exactly. Times are those of the packets; only cuts need decoding.

Windows of one length follow each other at a fixed stride from the moment where picture and sound are both there, or
anew from each cut.
Each begins at the first picture at or after its place, and its sound at the sample nearest to that picture's time: so
picture and sound of a clip begin within half a sample of each other, whatever the film's rates. It ends at the first
picture that is its whole length later, so that what is read from it in that length is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from phonofilm.data.ingest.measures.cuts import Cuts
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ClipRow, Row, SourceRow
from phonofilm.data.ingest.scenes import cuts
from phonofilm.data.ingest.stage import Stage
from phonofilm.data.ingest.timeline import EARLY, Timeline, timeline
from phonofilm.media.digest import sha256
from phonofilm.media.probe import SHORTFALL
from phonofilm.media.span import Span
from phonofilm.shapes import sample_of

VERSION = 3
Length = Annotated[Fraction, Field(ge=EARLY)]
"""Seconds between two moments that a film's times tell apart; shorter ones would give windows without end."""
LACKING = SHORTFALL / 2
"""Where more of its sound is missing, in seconds, there is no clip; cutting, which counts samples, bears twice it."""


class Split(Row):
    """Settings of the stage.

    Attributes:
        seconds: length of a clip; ``None``: each film is one clip.
        stride: from one clip's beginning to the next one's, of clips that have a length; ``None``: the length.
        skip: seconds left out at a film's beginning.
        rest: what remains at the end is a shorter clip, from this length on, in seconds; ``None``: it is left out.
        scenes: windows begin anew at each hard cut of the picture and none reaches over one; without ``seconds`` each
            scene is one clip. Every picture is decoded to find the cuts.
    """

    seconds: Length | None = None
    stride: Length | None = None
    skip: Annotated[Fraction, Field(ge=0)] = Fraction(0)
    rest: Annotated[Fraction, Field(ge=0)] | None = None
    scenes: bool = False

    @field_validator("stride")
    @classmethod
    def _is_of_a_length(cls, stride: Fraction | None, told: ValidationInfo) -> Fraction | None:
        if stride is not None and told.data.get("seconds", stride) is None:  # each clip would reach to the film's end
            raise ValueError("needs seconds, the length of a clip: without it each film, or scene, is one clip")
        return stride

    @field_validator("rest")
    @classmethod
    def _is_shorter(cls, rest: Fraction | None, told: ValidationInfo) -> Fraction | None:
        seconds = told.data.get("seconds")
        if rest is not None and seconds is not None and rest > seconds:
            raise ValueError(f"must be at most the length of a clip, {seconds} s")
        return rest


@dataclass(frozen=True)
class Scanned:
    """A film to be split, and what the scan found."""

    place: Path
    row: SourceRow


@dataclass(frozen=True)
class Window:
    """A place for a clip, in seconds on the film's clock.

    Attributes:
        begin: where it begins.
        length: how long the clip shall be.
        limit: no clip holds what begins later: the end of the scene, or of picture and sound.
    """

    begin: Fraction
    length: Fraction
    limit: Fraction


def splitting(settings: Split, above: str) -> Stage[ClipRow]:
    """The stage with these settings, on what the stage ``above`` found."""
    if not settings.scenes:
        return Stage("split", VERSION, ClipRow, split, settings, above)
    uses, libraries = {Cuts.__name__: Cuts.version}, ("cv2", "numpy")
    return Stage("split", VERSION, ClipRow, split, settings, above, uses, libraries)


def split(settings: Split, film: Scanned) -> list[ClipRow]:
    """The clips of a film in the order of their times, each once: windows closer than its pictures hold the same.

    Pictures without sound beside them, and sound without pictures, are rows too, with their reasons.

    Raises:
        TimestampError: if a picture has no time, or two have the same.
        MediaError: if the film is damaged or cut short.
    """
    line = timeline(film.place, film.row)
    scenes = pairwise(_bounds(settings, film, line))
    found = [clip for scene in scenes for clip in _windows(settings, film, line, *scene)]
    once = {clip.clip_id: clip for clip in reversed(found)}
    return [*list(once.values())[::-1], *_alone(film.row, line)]


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
        yield _clip(settings, film.row, line, Window(begin + index * stride, length, end))


def _clip(settings: Split, row: SourceRow, line: Timeline, window: Window) -> ClipRow:
    """The clip of one window; with a reason if the film ends before the window does, or has no sound in it."""
    span = _snapped(row, line, window)
    fault = _fault(settings, line, window, span)
    return _row(row, span, *fault)


def _snapped(row: SourceRow, line: Timeline, window: Window) -> Span:
    """From the window's first picture on, its whole length: neighbours may share a picture where rates do not fit."""
    first = stop = line.index_at(window.begin)
    if stop < line.index_at(min(window.begin + window.length, window.limit)):
        stop = line.index_at(min(line.time(first) + window.length, window.limit))
    rate = 0 if row.audio is None else row.audio.sample_rate
    sample, last = (sample_of(max(line.time(index) - row.origin, Fraction(0)), rate) for index in (first, stop))
    early = window.length - (line.time(stop) - line.time(first))
    if 0 < early <= EARLY:
        last = max(last, sample + ceil(window.length * rate))  # a picture stamped early takes no sound away
    return Span(line.shown[first], line.shown[stop], stop - first, sample, last - sample)


def _fault(settings: Split, line: Timeline, window: Window, span: Span) -> tuple[Reason | None, str]:
    """What keeps the clip of a window from being one."""
    begin, end = span.first_pts * line.time_base, span.end_pts * line.time_base
    if not span.frames:
        seconds = min(window.length, window.limit - window.begin)
        return Reason.TOO_SHORT, f"no picture begins within these {float(seconds):.3f} s"
    wanted = settings.seconds if settings.rest is None else settings.rest
    if wanted is not None and min(end, window.limit) - begin < wanted - EARLY:
        within = "scene" if settings.scenes else "film"
        return Reason.TOO_SHORT, f"the {within} has {float(window.limit - begin):.3f} s left here"
    silent = line.silent(begin, end)
    if silent > LACKING:
        return Reason.NO_AUDIO, f"{float(silent):.3f} s of its sound are missing"
    return None, ""


def _alone(row: SourceRow, line: Timeline) -> Iterator[ClipRow]:
    """Where a film that has sound shows pictures without any, or is heard with none, before or after both."""
    if row.audio is None or not line.heard:
        return
    seen, heard = line.seen, (line.heard[0][0], line.heard[-1][1])
    for begin, end in ((seen[0], min(heard[0], seen[1])), (max(heard[1], seen[0]), seen[1])):
        if end - begin > SHORTFALL:
            first, stop = line.index_at(begin), line.index_at(end)
            span = Span(line.shown[first], line.shown[stop], stop - first, 0, 0)
            yield _row(row, span, Reason.NO_AUDIO, f"{float(end - begin):.3f} s of picture have no sound beside them")
    for begin, end in ((heard[0], min(seen[0], heard[1])), (max(seen[1], heard[0]), heard[1])):
        if end - begin > SHORTFALL:
            sample, last = (sample_of(time - row.origin, row.audio.sample_rate) for time in (begin, end))
            shown = line.shown[0 if begin < seen[0] else -1]
            span = Span(shown, shown, 0, sample, last - sample)
            yield _row(row, span, Reason.NO_VIDEO, f"{float(end - begin):.3f} s of sound have no picture beside them")


def _row(row: SourceRow, span: Span, reason: Reason | None, message: str) -> ClipRow:
    return ClipRow(
        clip_id=sha256(f"{row.sha256} {span}".encode())[:16],
        source_id=row.source_id,
        span=span,
        reason=reason,
        message=message,
    )

"""Exact clips of a film, each in a file of its own.

A clip holds the pictures whose times lie in its :class:`Span` and the samples that it counts, nothing before, nothing
after, in one pass over the film and whatever its length. Both start at the clip's time zero.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError, TimestampError
from phonofilm.media.cutter import Cut, Cutter, Film, Piece
from phonofilm.media.form import Form
from phonofilm.media.frames import decoded_frames
from phonofilm.media.probe import probe
from phonofilm.media.sound import Block, blocks_of
from phonofilm.media.source import film_streams, opened
from phonofilm.media.span import Span

__all__ = ["Cut", "Form", "Piece", "Span", "cut", "cut_all"]

REACH = Fraction(1, 2)
"""Seconds of sound beyond a clip's ends that may be needed to resample it."""
GAP = 10
"""Where clips lie further apart, in seconds, the film between them is not decoded if its index leads past it."""


def cut(path: str | Path, span: Span, to: Path, form: Form | None = None, *, force: bool = False) -> Cut:
    """Cut one clip out of a film; see :func:`cut_all`."""
    return next(cut_all(path, [Piece(span, to)], form, force=force))


def cut_all(
    path: str | Path, pieces: Iterable[Piece], form: Form | None = None, *, force: bool = False
) -> Iterator[Cut]:
    """Cut clips out of a film, which is decoded once.

    With the form's defaults pictures keep their times, to the tick of the film's own clock, and sound its samples.
    At a constant rate each frame is the picture on screen in the middle of its time, so no frame is off by more than
    half the time for which the film shows a picture, and nothing drifts; the sound is what it would be otherwise.
    At another sample rate the clip's clock starts at its first sample and what lies beyond its ends is heard by the
    filter. Memory holds a few pictures of each clip that is open, of however long a film.

    Args:
        path: the film.
        pieces: the clips, in any order; they may overlap.
        form: what they shall be; default: what the film is.
        force: replace existing files.

    Yields:
        Each clip once its file is there, in the order of their ends.

    Raises:
        MediaError: if the film is damaged or not as the spans say. Files that were yielded stay; no other is left.
    """
    film, form = _film(path), form or Form()
    for run in _runs(film, pieces):
        yield from _cut_run(film, run, form, force=force)


@dataclass(frozen=True)
class _Place:
    """When a piece begins and ends, in seconds after the film's start, with what resampling reaches for."""

    begin: Fraction
    end: Fraction
    piece: Piece


def _film(path: str | Path) -> Film:
    info = probe(path)
    if info.video is None:
        raise MediaError(f"{path} has no picture: choose a film with picture")
    with opened(info.path) as container:
        return Film(info, info.video, film_streams(container).video.time_base)


def _runs(film: Film, pieces: Iterable[Piece]) -> Iterator[list[_Place]]:
    """The pieces in order, apart where seeking is quicker than decoding on."""
    run: list[_Place] = []
    for place in sorted((_place(film, piece) for piece in pieces), key=lambda place: (place.begin, place.end)):
        if run and film.info.is_indexed and place.begin > max(before.end for before in run) + GAP:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _place(film: Film, piece: Piece) -> _Place:
    begin, end = (ticks * film.tick - film.info.origin for ticks in (piece.span.first_pts, piece.span.end_pts))
    return _Place(max(begin - REACH, Fraction(0)), end + REACH, piece)


def _cut_run(film: Film, run: list[_Place], form: Form, *, force: bool) -> Iterator[Cut]:
    """Show the film from the first place on to the cutters of all of them."""
    waiting, active = run[::-1], list[Cutter]()

    def begin_next() -> None:
        active.append(Cutter(film, waiting.pop().piece, form, force=force))

    try:
        for passing in _passing(film, run[0].begin, with_sound=any(place.piece.span.samples for place in run)):
            while waiting and waiting[-1].begin <= passing.end:
                begin_next()
            for cutter in active:
                passing.show_to(cutter)
            for cutter in [one for one in active if one.is_full]:
                made = cutter.finish()
                active.remove(cutter)
                yield made
            if not waiting and not active:
                return
        while waiting:  # the film ends before they begin; to finish them tells
            begin_next()
        while active:
            made = active[0].finish()
            del active[0]
            yield made
    finally:
        for cutter in active:
            cutter.discard()


@dataclass(frozen=True)
class _Passing:
    """A picture or a block of sound on its way.

    Attributes:
        begin, end: in seconds after the film's start; a picture's end is not known yet.
        show_to: gives it to a cutter.
    """

    begin: Fraction
    end: Fraction
    show_to: Callable[[Cutter], None]


def _passing(film: Film, since: Fraction, *, with_sound: bool) -> Iterator[_Passing]:
    """Pictures and sound of the film from ``since`` or earlier, in the order of their times."""
    sound = _passing_sound(film, since) if with_sound else iter(())
    return heapq.merge(_passing_pictures(film, since), sound, key=lambda passing: passing.begin)


def _passing_pictures(film: Film, since: Fraction) -> Iterator[_Passing]:
    for frame in decoded_frames(film.info, since):
        if frame.pts is None:
            raise TimestampError(f"{film.info.path} has pictures without a time of their own: re-encode it first")
        time = frame.pts * film.tick - film.info.origin
        yield _Passing(time, time, partial(_show_picture, frame))


def _passing_sound(film: Film, since: Fraction) -> Iterator[_Passing]:
    audio = film.info.audio
    if audio is None:
        return
    for block in blocks_of(film.info, audio, since):
        begin, end = (Fraction(index, audio.sample_rate) for index in (block.index, block.stop))
        yield _Passing(begin, end, partial(_show_sound, block))


def _show_picture(frame: Any, cutter: Cutter) -> None:
    cutter.take_picture(frame)


def _show_sound(block: Block, cutter: Cutter) -> None:
    cutter.take_sound(block)

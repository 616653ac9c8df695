"""Measures of every clip of a film, in one pass: its pictures and its sound are decoded once, wherever clips overlap.

Nothing is judged here: what is measured stays, and rules (:mod:`phonofilm.data.ingest.filter`) may change.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import field_validator

from phonofilm.data.ingest.measures import Absent, Meter, Value, Window, find, names
from phonofilm.data.ingest.passing import Passing, Sweep
from phonofilm.data.ingest.plugins import Plugin
from phonofilm.data.ingest.rows import ClipRow, Row, ScoreRow, SourceRow
from phonofilm.data.ingest.stage import Stage
from phonofilm.data.ingest.stream import Picture, Sound, pictures, sounds
from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.read import read

VERSION = 3
LIBRARIES = ("cv2", "numpy", "scipy")
"""That measures compute with."""


class Scoring(Row):
    """Settings of the stage.

    Attributes:
        measures: families (:func:`phonofilm.data.ingest.measures.names`); ``None``: all.
        plugins: further measures; may be given as places (:class:`phonofilm.data.ingest.plugins.Plugin`).
    """

    measures: tuple[str, ...] | None = None
    plugins: tuple[Plugin, ...] = ()

    @field_validator("plugins", mode="before")
    @classmethod
    def _at_their_places(cls, given: Any) -> Any:
        if not isinstance(given, (list, tuple)):
            return given
        return tuple(Plugin.at(plugin) if isinstance(plugin, str) else plugin for plugin in given)

    @property
    def families(self) -> list[type[Meter]]:
        """What is measured without plug-ins.

        Raises:
            SettingError: for an unknown family.
        """
        return [find(name) for name in (names() if self.measures is None else self.measures)]

    @property
    def gives(self) -> tuple[str, ...]:
        """The names of all values of a row.

        Raises:
            SettingError: for an unknown family, or two plug-ins of one name.
        """
        if len({plugin.name for plugin in self.plugins}) < len(self.plugins):
            raise SettingError("two plug-ins have the same name: rename one")
        own = [measure.name for family in self.families for measure in family.gives]
        return (*own, *(f"{plugin.name}.{name}" for plugin in self.plugins for name in plugin.gives))

    @property
    def licences(self) -> list[str]:
        """Of the weights that plug-ins use, a line each."""
        return [plugin.licence for plugin in self.plugins if plugin.licence]


@dataclass(frozen=True)
class SplitSource:
    """A film whose clips are measured.

    Attributes:
        place: where it is.
        row: what the scan found.
        clips: those to be measured.
    """

    place: Path
    row: SourceRow
    clips: tuple[ClipRow, ...]


def scoring(settings: Scoring, above: str) -> Stage[ScoreRow]:
    """The stage with these settings, on what the stage ``above`` found; its key holds the versions of its measures.

    Raises:
        SettingError: for an unknown family of measures, or two plug-ins of one name.
    """
    assert settings.gives
    uses = {family.__name__: family.version for family in settings.families}
    return Stage("score", VERSION, ScoreRow, score, settings, above, uses, LIBRARIES)


def score(settings: Scoring, film: SplitSource) -> list[ScoreRow]:
    """One row for each clip, in the order of the clips.

    Raises:
        MediaError: if the film is damaged or cut short.
        SettingError: if a plug-in is not what it was, or does not do what it says.
        WeightsError: if its weights are not what they should be.
    """
    if not film.clips:
        return []
    info = probe(film.place)
    windows = [_window(film.row, clip) for clip in film.clips]
    measured = _measured(info, windows, settings.families)
    for window, values in zip(windows, measured, strict=True):
        for plugin in settings.plugins:
            values |= plugin.values(_read(info, window, plugin))
    return [_row(clip, values) for clip, values in zip(film.clips, measured, strict=True)]


def _measured(info: MediaInfo, windows: list[Window], families: list[type[Meter]]) -> list[dict[str, Value | Absent]]:
    """What the families give for each window, in one pass over the film."""
    clips = [Passing(window, families) for window in windows]
    seen = Sweep((clip.window.span.first_pts, clip.window.span.end_pts, clip) for clip in clips)
    heard = Sweep((*_samples(clip.window), clip) for clip in clips)
    if info.audio is None:
        heard.end()
    for part in _film(info, max(min(window.begin for window in windows), Fraction(0))):
        if isinstance(part, Picture):
            for clip in seen.over(part.pts, part.pts + 1):
                clip.see(part)
        else:
            for clip in heard.over(part.index, part.stop):
                clip.hear(part)
        if seen.is_over and heard.is_over:
            break
    seen.end()
    heard.end()
    return [clip.found for clip in clips]


def _film(info: MediaInfo, since: Fraction) -> Iterator[Picture | Sound]:
    """Pictures and sound in the order of their times, from ``since`` (seconds after the film's start) on."""

    def timed_pictures() -> Iterator[tuple[float, int, Picture | Sound]]:
        if info.video is not None:
            for picture in pictures(info, info.video, since):
                yield picture.time, 0, picture

    def timed_sounds() -> Iterator[tuple[float, int, Picture | Sound]]:
        if info.audio is not None:
            for sound in sounds(info, info.audio, since):
                yield sound.index / info.audio.sample_rate, 1, sound

    for _, _, part in heapq.merge(timed_pictures(), timed_sounds(), key=lambda timed: timed[:2]):
        yield part


def _samples(window: Window) -> tuple[int, int]:
    """First and past-the-last sample."""
    return window.span.first_sample, window.span.first_sample + window.span.samples


def _window(row: SourceRow, clip: ClipRow) -> Window:
    assert row.video is not None
    rate, speakers = (0, ()) if row.audio is None else (row.audio.sample_rate, row.audio.speakers)
    return Window(clip.span, row.video.time_base, row.origin, rate, speakers)


def _read(info: MediaInfo, window: Window, plugin: Plugin) -> Clip:
    """The clip as a plug-in wants it."""
    form, video = plugin.load().form, info.video
    seconds = (window.span.end_pts - window.span.first_pts) * window.time_base
    return read(
        info.path,
        start=max(window.begin, Fraction(0)),
        seconds=seconds if form.seconds is None else min(seconds, form.seconds),
        fps=form.fps,
        size=None if video is None else form.size_of(video.height, video.width),
        sample_rate=form.sample_rate,
        channels=form.channels,
    )


def _row(clip: ClipRow, found: dict[str, Value | Absent]) -> ScoreRow:
    return ScoreRow(
        clip_id=clip.clip_id,
        values={name: None if isinstance(value, Absent) else value for name, value in found.items()},
        why={name: value.why for name, value in found.items() if isinstance(value, Absent)},
    )

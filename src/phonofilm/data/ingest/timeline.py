"""When a film's pictures are shown and its sound is heard, from its packets: nothing is decoded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import Any

from phonofilm.data.ingest.rows import SourceRow
from phonofilm.errors import TimestampError
from phonofilm.media.probe import AudioInfo, probe
from phonofilm.media.sound import jump_of
from phonofilm.media.source import film_streams, opened

EARLY = Fraction(1, 1000)
"""A picture this much before its place, in seconds, is at it: Matroska rounds times to milliseconds."""
Run = tuple[Fraction, Fraction]
"""First and past-the-last moment, in seconds."""


@dataclass(frozen=True)
class Timeline:
    """Times on the film's own clock.

    Attributes:
        shown: time of each picture in ticks, rising, and when the last one ends.
        time_base: seconds a tick.
        heard: when there is sound, in order; ``None`` without a stream of sound.
    """

    shown: tuple[int, ...]
    time_base: Fraction
    heard: tuple[Run, ...] | None

    def index_at(self, time: Fraction) -> int:
        """Index in ``shown`` of the first picture at or after a time in seconds."""
        return bisect_left(self.shown, (time - EARLY) / self.time_base)

    def time(self, index: int) -> Fraction:
        """Of a picture, in seconds."""
        return self.shown[index] * self.time_base

    @property
    def seen(self) -> Run:
        """From when until when there are pictures."""
        return self.time(0), self.time(-1)

    @property
    def both(self) -> Run:
        """From when until when there are picture and sound, gaps in it aside."""
        if not self.heard:
            return self.seen
        return max(self.seen[0], self.heard[0][0]), min(self.seen[1], self.heard[-1][1])

    def silent(self, begin: Fraction, end: Fraction) -> Fraction:
        """For how long, between two moments, the film has a stream of sound and no sound in it."""
        if self.heard is None:
            return Fraction(0)
        first = bisect_right(self.heard, begin, key=lambda run: run[1])
        runs = takewhile(lambda run: run[0] < end, self.heard[first:])
        return end - begin - sum((min(end, run[1]) - max(begin, run[0]) for run in runs), Fraction(0))


def timeline(place: Path, row: SourceRow) -> Timeline:
    """The times of all pictures and of the sound.

    Raises:
        TimestampError: if a picture has no time, or two have the same.
        MediaError: if the film is damaged or cut short.
    """
    info = probe(place)
    assert row.video is not None and info.video is not None
    pictures, heard = _packets(place, info.audio)
    times = sorted((pts, duration) for pts, duration in pictures if pts is not None)
    shown = [pts for pts, _ in times]
    if len(set(shown)) < len(pictures) or not shown:
        raise TimestampError(f"{place} has pictures without a time of their own: re-encode it first")
    nominal = 1 / (row.video.fps * row.video.time_base)
    end = shown[-1] + (times[-1][1] or max(1, round(nominal)))
    if row.audio is not None and heard:
        first = row.origin + Fraction(row.audio.first_sample, row.audio.sample_rate)
        heard[0] = first, max(heard[0][1], first)
    line = Timeline((*shown, end), row.video.time_base, tuple(heard) if row.audio is not None else None)
    # A scan reads no further than the header, and demuxers end quietly where the bytes do.
    info.check_whole(info.video, line.time(-1) - info.origin)
    if info.audio is not None and heard:
        info.check_whole(info.audio, heard[-1][1] - info.origin)
    return line


def _packets(place: Path, audio: AudioInfo | None) -> tuple[list[tuple[int | None, int]], list[Run]]:
    """When and for how long each picture is shown, in ticks, and when there is sound; packets would hold bytes."""
    pictures: list[tuple[int | None, int]] = []
    heard: list[tuple[int, int]] = []  # in ticks: there are many packets, and fractions are slow
    with opened(place) as container:
        streams = film_streams(container)
        tick = Fraction(1) if audio is None else streams.audio.time_base
        jump = Fraction(0) if audio is None else jump_of(audio) / audio.sample_rate / tick
        lasts = 0
        for packet in container.demux(*streams.present()):
            if not packet.size or packet.is_discard:
                continue
            if packet.stream_index == streams.video.index:
                pictures.append((packet.pts, packet.duration or 0))
            elif packet.pts is not None:
                _hear(heard, packet, int(jump), known=lasts > 0)
                lasts = packet.duration or 0
    return pictures, [(begin * tick, end * tick) for begin, end in heard]


def _hear(heard: list[tuple[int, int]], packet: Any, jump: int, *, known: bool) -> None:
    """Add a packet's sound to the last run, unless more than ``jump`` lies between: so much, stamps may be wrong.

    Args:
        heard: runs so far, in ticks.
        packet: of sound.
        jump: in ticks.
        known: the packet before said how long it lasts; else it lasts until this one.
    """
    begin, end = packet.pts, packet.pts + (packet.duration or 0)
    if heard and (begin <= heard[-1][1] + jump or not known):
        heard[-1] = heard[-1][0], max(heard[-1][1], end)
    else:
        heard.append((begin, end))

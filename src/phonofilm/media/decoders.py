"""Two decoders that know nothing of each other, to look at the same film: PyAV's FFmpeg and a program of its own."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from av.video.reformatter import VideoReformatter

from phonofilm.errors import MediaError, OutOfMemoryError
from phonofilm.media.frames import SEEK_BEYOND, decoded_frames
from phonofilm.media.picture import turn_of
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo
from phonofilm.media.program import Work
from phonofilm.media.sound import RUN_UP, blocks_of, jump_of
from phonofilm.media.source import time_of
from phonofilm.shapes import nearest

STAMP = re.compile(rb"\] n: *\d+ pts: *(-?\d+) ")
SAMPLES = re.compile(rb"pts:(-?\d+) .*?nb_samples:(\d+)")
PIECE = 2**18
"""Samples of each channel that are read from the program at a time."""
NO_MEMORY = re.compile(rb"Cannot allocate memory|Resource temporarily unavailable|get_buffer\(\) failed")
"""What the program says then, also where it goes on without the picture that there was no room for."""
TIME_LIMIT = "3600"
"""CPU seconds after which the program ends itself: where it hangs, nobody else may be left to end it."""
TICK = re.compile(rb"config in time_base: (\d+)/(\d+)")


@dataclass(frozen=True)
class Seen:
    """A picture.

    Attributes:
        time: when it is shown, in seconds on the file's own clock.
        grey: uint8 ``(height, width)``, upright.
    """

    time: Fraction
    grey: np.ndarray


@dataclass(frozen=True)
class Heard:
    """A run of samples.

    Attributes:
        time: of the first one, in seconds on the file's own clock.
        samples: float32 ``(channel, sample)``.
    """

    time: Fraction
    samples: np.ndarray


class Decoder(Protocol):
    """Looks at a stretch of a film; times are the file's own, ``end`` is not part of it, ``None``: to the end."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    def pictures(
        self, info: MediaInfo, video: VideoInfo, size: tuple[int, int], begin: Fraction, end: Fraction | None
    ) -> Iterator[Seen]:
        """The pictures, grey and scaled to (height, width)."""
        ...

    def sound(self, info: MediaInfo, audio: AudioInfo, begin: Fraction, end: Fraction | None) -> Iterator[Heard]:
        """The sound; its first and last runs may reach beyond the stretch."""
        ...


@dataclass(frozen=True)
class Library:
    """PyAV, which reads films and writes clips everywhere else too."""

    name: str = "PyAV"

    def pictures(
        self, info: MediaInfo, video: VideoInfo, size: tuple[int, int], begin: Fraction, end: Fraction | None
    ) -> Iterator[Seen]:
        """See :class:`Decoder`."""
        scaler = VideoReformatter()  # one for all: each keeps threads and their memory
        for frame in decoded_frames(info, max(begin - info.origin, Fraction(0))):
            if frame.pts is None:
                raise MediaError(f"{info.path} has pictures without a time of their own: re-encode it first")
            time = time_of(frame)
            if end is not None and time >= end:
                return
            if time < begin:
                continue
            turn = turn_of(frame)
            height, width = size[::-1] if turn.quarters % 2 else size
            grey = scaler.reformat(frame, width=width, height=height, format="gray", interpolation="AREA")
            seen = grey.to_ndarray()
            yield Seen(time, np.rot90(seen[:, ::-1] if turn.mirrored else seen, turn.quarters))

    def sound(self, info: MediaInfo, audio: AudioInfo, begin: Fraction, end: Fraction | None) -> Iterator[Heard]:
        """See :class:`Decoder`."""
        for block in blocks_of(info, audio, max(begin - info.origin, Fraction(0))):
            time = info.origin + Fraction(block.index, audio.sample_rate)
            if end is not None and time >= end:
                return
            if info.origin + Fraction(block.stop, audio.sample_rate) > begin:
                yield Heard(time, block.samples)


@dataclass(frozen=True)
class Program:
    """The ``ffmpeg`` program that comes with imageio-ffmpeg: another build, another version, its own clock.

    Attributes:
        path: of the program; ``None``: imageio-ffmpeg's.
    """

    path: Path | None = None
    name: str = "ffmpeg"

    @property
    def file(self) -> str:
        """The program.

        Raises:
            MediaError: if it is not installed.
        """
        if self.path is not None:
            return str(self.path)
        try:
            from imageio_ffmpeg import get_ffmpeg_exe
        except ModuleNotFoundError as error:
            raise MediaError("the second decoder is not installed: pip install imageio-ffmpeg") from error
        return get_ffmpeg_exe()

    def pictures(
        self, info: MediaInfo, video: VideoInfo, size: tuple[int, int], begin: Fraction, end: Fraction | None
    ) -> Iterator[Seen]:
        """See :class:`Decoder`."""
        height, width = size
        wanted = f"{_trimmed('trim', begin, end)}scale={width}:{height}:flags=area,format=gray,showinfo=checksum=0"
        since = begin if begin > info.origin + SEEK_BEYOND else None
        out = ["-map", "0:v:0", "-vf", wanted, "-fps_mode", "passthrough", "-f", "rawvideo"]
        tick, stamps, waiting = Fraction(0), deque[int](), deque[bytes]()
        for piece, lines in self._pieces(info, since, out, height * width):
            for line in lines:
                if not tick and (told := TICK.search(line)):
                    tick = Fraction(int(told[1]), int(told[2]))
                stamps.extend(int(found[1]) for found in STAMP.finditer(line))
            waiting.extend([piece] if len(piece) == height * width else [])
            while stamps and waiting:
                grey = np.frombuffer(waiting.popleft(), np.uint8).reshape(height, width)
                yield Seen(stamps.popleft() * tick, grey)
        if not tick or stamps or waiting:
            raise MediaError(f"{self.name} says not when the pictures of {info.path} are shown: use PyAV alone")

    def sound(self, info: MediaInfo, audio: AudioInfo, begin: Fraction, end: Fraction | None) -> Iterator[Heard]:
        """See :class:`Decoder`."""
        # Only an MP4's table leads to the exact sample.
        since = begin - RUN_UP if info.is_indexed and begin > info.origin + SEEK_BEYOND else None
        # Vorbis stamps waver, so its samples are counted, from the beginning.
        counted = "asetpts=STARTPTS+N," if audio.codec == "vorbis" else ""
        wanted = f"{counted}{_trimmed('atrim', begin, end)}aformat=flt:{audio.sample_rate},ashowinfo"
        out = ["-map", "0:a:0", "-af", wanted, "-f", "f32le"]
        runs = _Runs(audio)
        for piece, lines in self._pieces(info, since, out, PIECE * audio.channels * 4):
            yield from runs.take(piece, lines)
        if runs.untold:
            raise MediaError(f"{self.name} says not when the sound of {info.path} is heard: use PyAV alone")

    def _pieces(
        self, info: MediaInfo, since: Fraction | None, out: list[str], size: int
    ) -> Iterator[tuple[bytes, list[bytes]]]:
        """What the program writes, ``size`` bytes at a time, and the lines that it has said meanwhile."""
        seek = [] if since is None else ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", _decimal(since)]
        alone = ["-nostdin", "-hide_banner", "-timelimit", TIME_LIMIT, "-copyts"]
        command = [self.file, *alone, *seek, "-i", f"file:{info.path}", *out, "-"]
        has_room, last = True, b""
        with Work(command) as work:
            for piece, lines in work.pieces(size):
                has_room = has_room and not any(map(NO_MEMORY.search, lines))
                last = next((line for line in reversed(lines) if line.strip()), last)
                yield piece, lines
        if not has_room:
            raise OutOfMemoryError(f"{self.name} had too little memory for {info.path}: allow more, and try again")
        if work.status:
            said = "".join(last.decode(errors="replace").strip().splitlines()[-1:])
            raise MediaError(f"{self.name} cannot decode {info.path} ({said}): use PyAV alone")


class _Runs:
    """Samples that the program wrote, brought together with the times that it said of them.

    Where a run is given in several parts, the times of the later ones are counted from the first.

    Args:
        audio: what is decoded.
    """

    def __init__(self, audio: AudioInfo) -> None:
        self._audio, self._jump = audio, jump_of(audio)
        self._start, self._count = Fraction(0), 0  # of the run so far
        self._told = deque[tuple[int, int]]()  # stamps and numbers of samples that are still to be written
        self._left = np.zeros((0, audio.channels), np.float32)  # samples of which nothing was said yet

    @property
    def untold(self) -> bool:
        """Something was written of which nothing was said, or the other way round."""
        return bool(len(self._left) or self._told)

    def take(self, piece: bytes, lines: Iterable[bytes]) -> Iterator[Heard]:
        """What is known now, each part as long as it goes on without a jump."""
        self._told.extend((int(found[1]), int(found[2])) for line in lines for found in SAMPLES.finditer(line))
        whole = len(piece) // (4 * self._audio.channels) * self._audio.channels
        samples = np.frombuffer(piece, np.float32, whole).reshape(-1, self._audio.channels)
        self._left = np.concatenate([self._left, samples])
        begin = at = 0
        while self._told and at + self._told[0][1] <= len(self._left):
            stamp, count = self._told.popleft()
            time = Fraction(stamp, self._audio.sample_rate)
            if not self._count or abs((time - self._start) * self._audio.sample_rate - self._count) > self._jump:
                yield from self._heard(begin, at)
                begin, self._start, self._count = at, time, 0
            at, self._count = at + count, self._count + count
        yield from self._heard(begin, at)
        self._left = self._left[at:]

    def _heard(self, begin: int, stop: int) -> Iterator[Heard]:
        """The last samples of the run so far."""
        if begin < stop:
            before = self._count - (stop - begin)
            yield Heard(self._start + Fraction(before, self._audio.sample_rate), self._left[begin:stop].T)


def _trimmed(name: str, begin: Fraction, end: Fraction | None) -> str:
    stop = "" if end is None else f":end={_decimal(end)}"
    return f"{name}=start={_decimal(begin)}{stop},"


def _decimal(time: Fraction) -> str:
    """In microseconds, the program's own unit, never after the time itself."""
    return f"{(time * 10**6).__floor__() / 10**6:.6f}"


def placed(runs: Iterator[Heard], begin: Fraction, count: int, rate: int) -> np.ndarray:
    """Samples ``(channel, count)`` from ``begin`` on, silent where nothing was heard."""
    out = np.zeros((1, count), np.float32)
    for run in runs:
        if len(out) < len(run.samples):
            out = np.zeros((len(run.samples), count), np.float32)
        first = nearest((run.time - begin) * rate)
        low, high = max(first, 0), min(first + run.samples.shape[1], count)
        if low < high:
            out[:, low:high] = run.samples[:, low - first : high - first]
    return out

"""Two decoders that know nothing of each other, to look at the same film: PyAV's FFmpeg and a program of its own."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
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
from phonofilm.media.sound import RUN_UP, blocks_of, jump_of
from phonofilm.media.source import time_of
from phonofilm.shapes import nearest

STAMP = re.compile(rb"\] n: *(\d+) pts: *(-?\d+) ")
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
        raw, log = self._run(info, since, out)
        tick, stamps = _stamps(info, log)
        for stamp, grey in zip(stamps, raw.reshape(-1, height, width), strict=True):
            yield Seen(stamp * tick, grey)

    def sound(self, info: MediaInfo, audio: AudioInfo, begin: Fraction, end: Fraction | None) -> Iterator[Heard]:
        """See :class:`Decoder`."""
        # Only an MP4's table leads to the exact sample.
        since = begin - RUN_UP if info.is_indexed and begin > info.origin + SEEK_BEYOND else None
        # Vorbis stamps waver, so its samples are counted, from the beginning.
        counted = "asetpts=STARTPTS+N," if audio.codec == "vorbis" else ""
        wanted = f"{counted}{_trimmed('atrim', begin, end)}aformat=flt:{audio.sample_rate},ashowinfo"
        raw, log = self._run(info, since, ["-map", "0:a:0", "-af", wanted, "-f", "f32le"])
        samples = raw.view(np.float32).reshape(-1, audio.channels).T
        jump = jump_of(audio)
        at, start, count = 0, Fraction(0), 0
        for found in re.finditer(rb"pts:(-?\d+) .*?nb_samples:(\d+)", log):
            time = Fraction(int(found[1]), audio.sample_rate)
            if not count or abs((time - start) * audio.sample_rate - count) > jump:
                if count:
                    yield Heard(start, samples[:, at - count : at])
                start, count = time, 0
            at, count = at + int(found[2]), count + int(found[2])
        if at != samples.shape[1]:
            raise MediaError(f"{self.name} gave {samples.shape[1]} samples of {info.path} and told of {at}: use PyAV")
        if count:
            yield Heard(start, samples[:, at - count : at])

    def _run(self, info: MediaInfo, since: Fraction | None, out: list[str]) -> tuple[np.ndarray, bytes]:
        """What the program writes, and what it says of each frame."""
        seek = [] if since is None else ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", _decimal(since)]
        alone = ["-nostdin", "-hide_banner", "-timelimit", TIME_LIMIT, "-copyts"]
        command = [self.file, *alone, *seek, "-i", f"file:{info.path}", *out, "-"]
        with tempfile.TemporaryFile() as log:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, check=False)
            log.seek(0)
            said = log.read()
        if NO_MEMORY.search(said):
            raise OutOfMemoryError(f"{self.name} had too little memory for {info.path}: allow more, and try again")
        if done.returncode:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            raise MediaError(f"{self.name} cannot decode {info.path} ({''.join(last)}): use PyAV alone")
        return np.frombuffer(done.stdout, np.uint8), said


def _trimmed(name: str, begin: Fraction, end: Fraction | None) -> str:
    stop = "" if end is None else f":end={_decimal(end)}"
    return f"{name}=start={_decimal(begin)}{stop},"


def _decimal(time: Fraction) -> str:
    """In microseconds, the program's own unit, never after the time itself."""
    return f"{(time * 10**6).__floor__() / 10**6:.6f}"


def _stamps(info: MediaInfo, log: bytes) -> tuple[Fraction, list[int]]:
    tick = TICK.search(log)
    if tick is None:
        raise MediaError(f"ffmpeg says no times of {info.path}: use PyAV alone")
    return Fraction(int(tick[1]), int(tick[2])), [int(found[2]) for found in STAMP.finditer(log)]


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

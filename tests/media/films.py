"""Films made for these tests, with properties that the library's own writer never produces."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from phonofilm.media import Clip

MILLISECOND = Fraction(1, 1000)


def flash_and_click(
    fps: Fraction, *, frame: int = 5, frames: int = 13, size: tuple[int, int] = (22, 14), sample_rate: int = 16000
) -> Clip:
    """A grey film with one white frame, and silence with one click at the sample where that frame begins."""
    pictures = np.full((frames, *size, 3), 60, np.uint8)
    pictures[frame] = 250
    sound = np.zeros((1, round(frames / fps * sample_rate)), np.float32)
    sound[0, round(frame / fps * sample_rate)] = 0.9
    return Clip(pictures, sound, fps, sample_rate)


def numbered(count: int, size: tuple[int, int] = (22, 14)) -> np.ndarray:
    """Frames whose grey level is ten times their index."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None] * 10, (count, *size, 3)).copy()


def numbers(frames: np.ndarray) -> list[int]:
    """The indices that :func:`numbered` drew."""
    return [round(float(level) / 10) for level in frames.mean((1, 2, 3))]


def noise(channels: int, samples: int, seed: int = 0) -> np.ndarray:
    """White noise in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (channels, samples)).astype(np.float32)


def stamped_film(
    path: Path,
    *,
    pictures: Iterable[tuple[int, np.ndarray]] = (),
    sound: Iterable[tuple[int, np.ndarray]] = (),
    tick: Fraction = MILLISECOND,
    rate: int = 30,
    sample_rate: int = 16000,
    codecs: tuple[str, str] = ("ffv1", "pcm_f32le"),
) -> Path:
    """A film whose pictures and blocks of samples bear the time stamps given (pictures in ticks, sound in samples).

    ``rate`` is what the header says of the pictures; it also sets how long the last one lasts.
    """
    pictures, sound = list(pictures), list(sound)
    with av.open(str(path), "w") as film:
        packets = []
        video = film.add_stream(codecs[0], rate=rate) if pictures else None
        audio = film.add_stream(codecs[1], rate=sample_rate, layout="mono") if sound else None
        if video:
            video.height, video.width = pictures[0][1].shape[:2]
            video.pix_fmt = "bgr0" if codecs[0] == "ffv1" else "yuv420p"
            video.codec_context.time_base = tick
        for stamp, picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = stamp, tick
            packets += video.encode(frame)
        for stamp, samples in sound:
            frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
            frame.pts, frame.time_base, frame.sample_rate = stamp, Fraction(1, sample_rate), sample_rate
            packets += audio.encode(frame)
        for stream in (video, audio):
            packets += stream.encode() if stream else []
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            film.mux(packet)
    return path


def ffmpeg(*arguments: str) -> bytes:
    """What another FFmpeg, the command-line program, makes of it; skips where it is not installed."""
    program = pytest.importorskip("imageio_ffmpeg", reason="needs imageio-ffmpeg, the second decoder").get_ffmpeg_exe()
    return subprocess.run([program, "-v", "error", *arguments], capture_output=True, check=True).stdout

"""How films are stored: formats, codecs, and the streams that an encoder is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from phonofilm.errors import MediaError
from phonofilm.pair import AV

THREADS = 1
"""Of the H.264 encoder: with four, 2 of 1200 films of 14x22 pixels differed from the others made of the same clip."""
CHUNK = 1024
"""Samples handed to the encoder at a time."""
BT709 = 1
"""Number of BT.709 among FFmpeg's primaries and transfer curves."""


@dataclass(frozen=True)
class VideoCoding:
    """How pictures are stored.

    Attributes:
        codec, pixels: FFmpeg's names.
        options: the codec's.
        step: width and height are padded to a multiple of it, by repeating the last column and row.
    """

    codec: str
    pixels: str
    options: dict[str, str] = field(default_factory=dict)
    step: int = 1

    @property
    def is_rgb(self) -> bool:
        """The pixels are stored as they are."""
        return self.pixels == "rgb24"


@dataclass(frozen=True)
class AudioCoding:
    """How sound is stored.

    Attributes:
        codec, samples: FFmpeg's names.
        options: the codec's.
        rates: the sample rates that it can keep; ``None``: any.
        bits: bits per second for each sample a second and channel; ``None``: the codec needs none.
    """

    codec: str
    samples: str
    options: dict[str, str] = field(default_factory=dict)
    rates: tuple[int, ...] | None = None
    bits: int | None = None


def h264(crf: int, preset: str) -> VideoCoding:
    """H.264 in 4:2:0 of one quality, whose bytes depend on the pictures alone.

    No B-frames: pictures then need no edit list, and readers that ignore those start at the same frame. No macroblock
    tree: x264's vector code for it reads beyond the rows of narrow pictures (160 wide, say), so that the same pictures
    came out in other bytes as soon as the process had encoded others before.

    Args:
        crf: x264's quality, 0 to 51; less is better.
        preset: its effort.
    """
    options = {"crf": str(crf), "preset": preset, "bf": "0", "x264-params": "mbtree=0"}
    return VideoCoding("libx264", "yuv420p", options, step=2)


H264 = h264(17, "medium")
H264_LOSSLESS = VideoCoding("libx264rgb", "rgb24", {"qp": "0", "preset": "medium", "bf": "0"})
# Perceptual noise substitution would put random noise where the clip's own was.
AAC = AudioCoding(
    "aac",
    "fltp",
    {"aac_pns": "0"},
    (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350),
    bits=5,
)
# Matroska has no place for the length of AAC's last block; FLAC's is exact.
FLAC = AudioCoding("flac", "s16")
FLOAT_PCM = AudioCoding("pcm_f32le", "flt")
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}


@dataclass(frozen=True)
class Container:
    """A file format: FFmpeg's name for it and the codecs that go into it."""

    name: str
    coding: AV[Any]


def padded(size: tuple[int, int], coding: VideoCoding) -> tuple[int, int]:
    """The (height, width) in which a codec stores a picture of that size."""
    height, width = (-(-side // coding.step) * coding.step for side in size)
    return height, width


def add_pictures(film: Any, coding: VideoCoding, size: tuple[int, int], fps: Fraction, tick: Fraction) -> Any:
    """Add a stream of pictures to a film that is open for writing; the colours are BT.709's in BT.601's matrix.

    Args:
        film: PyAV's container.
        coding: how they are stored.
        size: (height, width) as stored, see :func:`padded`.
        fps: about how many a second; there is a key frame each second.
        tick: the unit of their times in seconds.
    """
    stream = film.add_stream(coding.codec, rate=fps, options=coding.options)
    context = stream.codec_context
    context.height, context.width = size
    context.pix_fmt, context.time_base, context.thread_count = coding.pixels, tick, THREADS
    context.gop_size = max(round(fps), 1)
    if not coding.is_rgb:
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG
        context.color_primaries = context.color_trc = BT709
    return stream


def add_sound(film: Any, coding: AudioCoding, channels: int, rate: int) -> Any:
    """Add a stream of sound to a film that is open for writing.

    Raises:
        MediaError: if the codec cannot hold that rate, or so many channels have no usual order.
    """
    if coding.rates is not None and rate not in coding.rates:
        raise MediaError(
            f"{coding.codec} cannot hold {rate} Hz: resample to one of {_listed(coding.rates)}, or write lossless"
        )
    if channels not in LAYOUTS:
        raise MediaError(f"cannot write {channels} channels: mix them to one of {_listed(LAYOUTS)}")
    stream = film.add_stream(coding.codec, rate=rate, options=coding.options)
    context = stream.codec_context
    context.layout, context.format = LAYOUTS[channels], coding.samples
    if coding.bits is not None:
        context.bit_rate = coding.bits * rate * channels
    return stream


def encode_sound(stream: Any, samples: np.ndarray, first: int, rate: int) -> list[Any]:
    """Packets for float32 samples ``(channel, sample)``, of which the first has the index ``first``."""
    chunks = range(0, samples.shape[1], CHUNK)
    return [
        packet for at in chunks for packet in stream.encode(_sound_frame(samples[:, at : at + CHUNK], first + at, rate))
    ]


def _sound_frame(samples: np.ndarray, first: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=LAYOUTS[len(samples)])
    frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
    return frame


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)

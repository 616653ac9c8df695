"""A clip to the bytes of a film: encode both streams, interleave them, and check what came out."""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.source import film_streams
from phonofilm.pair import AV

THREADS = 1
"""Of the H.264 encoder: with four, 2 of 1200 films of 14x22 pixels differed from the others made of the same clip."""
CHUNK = 1024
"""Samples handed to the encoder at a time."""
STAMP_ERROR = Fraction(2, 1000)
"""By how much a container's rounded time stamps may miss the end of a stream, in seconds."""
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


# No B-frames: pictures then need no edit list, and readers that ignore those start at the same frame.
H264 = VideoCoding("libx264", "yuv420p", {"crf": "17", "preset": "medium", "bf": "0"}, step=2)
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


def encode(clip: Clip, container: Container) -> bytes:
    """The clip as a film in memory, checked by :func:`verify`.

    Raises:
        MediaError: if the container or its codecs cannot hold the clip.
    """
    out = io.BytesIO()
    try:
        with av.open(out, "w", format=container.name, options=_container_options(clip, container)) as film:
            packets = []
            if clip.frames is not None:
                packets.append(_video_packets(film, container.coding.video, clip.frames, clip.fps))
            if clip.audio is not None:
                packets.append(_audio_packets(film, container.coding.audio, clip.audio, clip.sample_rate))
            for packet in heapq.merge(*packets, key=lambda packet: packet.dts * packet.time_base):
                film.mux(packet)
    except (FFmpegError, ValueError, OverflowError) as error:
        raise MediaError(f"the film could not be encoded ({error}): try another suffix or lossless=True") from error
    data = out.getvalue()
    verify(data, clip)
    return data


def verify(data: bytes, clip: Clip) -> None:
    """Make sure that a film in memory holds all of the clip's pictures and sound.

    Raises:
        MediaError: if a stream is missing, begins late, or ends before the clip's.
    """
    expected = AV(
        None if clip.frames is None else len(clip.frames) / clip.fps,
        None if clip.audio is None else Fraction(clip.audio.shape[1], clip.sample_rate),
    )
    spans = _spans(data)
    for name, seconds, span in zip(("picture", "sound"), expected, spans, strict=True):
        if seconds is None:
            continue
        if span is None or span.begin > STAMP_ERROR or span.end < seconds - STAMP_ERROR:
            held = "none" if span is None else f"{float(span.begin):.3f} to {float(span.end):.3f} s"
            raise MediaError(f"writing lost {name} ({held} of {float(seconds):.3f} s is there): try another suffix")
    if clip.frames is not None and spans.video is not None and spans.video.packets != len(clip.frames):
        raise MediaError(f"writing kept {spans.video.packets} of {len(clip.frames)} pictures: try another suffix")


@dataclass(frozen=True)
class _Span:
    """Packets in a stream, and the time that they cover in seconds."""

    packets: int
    begin: Fraction
    end: Fraction


def _spans(data: bytes) -> AV[_Span | None]:
    """What each stream of a film in memory covers (``None`` for a stream without packets)."""
    with av.open(io.BytesIO(data)) as film:
        streams = film_streams(film)
        packets = [p for p in film.demux(*streams.present()) if p.size and p.pts is not None]
        return streams.map(lambda stream: _span([p for p in packets if p.stream_index == stream.index]))


def _span(packets: list[Any]) -> _Span | None:
    if not packets:
        return None
    begin = min(p.pts * p.time_base for p in packets)
    return _Span(len(packets), begin, max((p.pts + (p.duration or 0)) * p.time_base for p in packets))


def _video_packets(film: Any, coding: VideoCoding, frames: np.ndarray, fps: Fraction) -> Iterator[Any]:
    """Add a stream of pictures; the packets of ``frames`` then come one by one."""
    height, width = (-(-side // coding.step) * coding.step for side in frames.shape[1:3])
    stream = film.add_stream(coding.codec, rate=fps, options=coding.options)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = width, height, coding.pixels
    context.time_base, context.thread_count = 1 / fps, THREADS
    context.gop_size = max(round(fps), 1)
    if not coding.is_rgb:
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG
        context.color_primaries = context.color_trc = BT709

    def packets() -> Iterator[Any]:
        for index, picture in enumerate(frames):
            yield from stream.encode(_video_frame(picture, coding, (height, width), index, 1 / fps))
        yield from stream.encode()

    return (_lasting_one_tick(packet) for packet in packets())


def _lasting_one_tick(packet: Any) -> Any:
    """The last frame's duration is only known from here: containers derive the others from the next frame."""
    packet.duration = 1
    return packet


def _video_frame(
    picture: np.ndarray, coding: VideoCoding, size: tuple[int, int], index: int, time_base: Fraction
) -> av.VideoFrame:
    height, width = size
    padding = ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0))
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.pad(picture, padding, mode="edge")), format="rgb24")
    if not coding.is_rgb:
        frame = frame.reformat(
            format=coding.pixels,
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation="BICUBIC",
        )
    frame.pts, frame.time_base = index, time_base
    return frame


def _audio_packets(film: Any, coding: AudioCoding, audio: np.ndarray, rate: int) -> Iterator[Any]:
    """Add a stream of sound; the packets of ``audio`` then come one by one."""
    if coding.rates is not None and rate not in coding.rates:
        raise MediaError(
            f"{coding.codec} cannot hold {rate} Hz: resample to one of {_listed(coding.rates)}, or write lossless"
        )
    if len(audio) not in LAYOUTS:
        raise MediaError(f"cannot write {len(audio)} channels: mix them to one of {_listed(LAYOUTS)}")
    stream = film.add_stream(coding.codec, rate=rate, options=coding.options)
    context = stream.codec_context
    context.layout, context.format = LAYOUTS[len(audio)], coding.samples
    if coding.bits is not None:
        context.bit_rate = coding.bits * rate * len(audio)

    def packets() -> Iterator[Any]:
        for first in range(0, audio.shape[1], CHUNK):
            yield from stream.encode(_audio_frame(audio[:, first : first + CHUNK], first, rate))
        yield from stream.encode()

    return packets()


def _audio_frame(samples: np.ndarray, first: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=LAYOUTS[len(samples)])
    frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
    return frame


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _container_options(clip: Clip, container: Container) -> dict[str, str]:
    """Room for the index at the front, so that a browser can start before it has the whole file; exact edit lists.

    Matroska's random identifiers are left out: the same clip gives the same bytes.
    """
    if container.name not in ("mp4", "mov"):
        return {"fflags": "bitexact"}
    frames = 0 if clip.frames is None else len(clip.frames)
    blocks = 0 if clip.audio is None else clip.audio.shape[1] // CHUNK + 3
    room = {"moov_size": str(8192 + 48 * (frames + blocks))}
    return room if clip.audio is None else {**room, "movie_timescale": str(clip.sample_rate)}

"""A clip to the bytes of a film: encode both streams, interleave them, and check what came out."""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.coding import (
    CHUNK,
    AudioCoding,
    Container,
    VideoCoding,
    add_pictures,
    add_sound,
    encode_sound,
    padded,
)
from phonofilm.media.faults import fault
from phonofilm.media.source import film_streams
from phonofilm.pair import AV

STAMP_ERROR = Fraction(2, 1000)
"""By how much a container's rounded time stamps may miss the end of a stream, in seconds."""


def encode(clip: Clip, container: Container) -> bytes:
    """The clip as a film in memory, checked by :func:`verify`.

    Raises:
        MediaError: if the container or its codecs cannot hold the clip.
        OutOfMemoryError: if memory ran out.
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
        raise fault(error, f"the film could not be encoded ({error}): try another suffix or lossless=True") from error
    data = out.getvalue()
    verify(data, clip)
    return data


def verify(data: bytes, clip: Clip) -> None:
    """Make sure that a film in memory holds all of the clip's pictures and sound.

    Raises:
        MediaError: see :func:`check_film`.
    """
    seconds = AV(
        None if clip.frames is None else len(clip.frames) / clip.fps,
        None if clip.audio is None else Fraction(clip.audio.shape[1], clip.sample_rate),
    )
    check_film(io.BytesIO(data), seconds, 0 if clip.frames is None else len(clip.frames))


def check_film(film: io.BytesIO | str, seconds: AV[Fraction | None], pictures: int) -> None:
    """Make sure that a film holds what was written into it, from its packets.

    Args:
        film: in memory, or its name.
        seconds: how long its streams should be; ``None`` where there is none.
        pictures: how many there should be.

    Raises:
        MediaError: if a stream is missing, begins late, or ends before it should.
    """
    spans = _spans(film)
    for name, wanted, span in zip(("picture", "sound"), seconds, spans, strict=True):
        if wanted is None:
            continue
        if span is None or span.begin > STAMP_ERROR or span.end < wanted - STAMP_ERROR:
            held = "none" if span is None else f"{float(span.begin):.3f} to {float(span.end):.3f} s"
            raise MediaError(f"writing lost {name} ({held} of {float(wanted):.3f} s is there): try another suffix")
    if seconds.video is not None and spans.video is not None and spans.video.packets != pictures:
        raise MediaError(f"writing kept {spans.video.packets} of {pictures} pictures: try another suffix")


@dataclass(frozen=True)
class _Span:
    """Packets in a stream, and the time that they cover in seconds."""

    packets: int
    begin: Fraction
    end: Fraction


def _spans(source: io.BytesIO | str) -> AV[_Span | None]:
    """What each stream of a film covers (``None`` for a stream without packets)."""
    with av.open(source, "r") as film:
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
    size = padded((frames.shape[1], frames.shape[2]), coding)
    stream = add_pictures(film, coding, size, fps, 1 / fps)

    scaler = VideoReformatter()  # one for all: each keeps threads and their memory

    def packets() -> Iterator[Any]:
        for index, picture in enumerate(frames):
            yield from stream.encode(_video_frame(picture, coding, scaler, size, index, 1 / fps))
        yield from stream.encode()

    return (_lasting_one_tick(packet) for packet in packets())


def _lasting_one_tick(packet: Any) -> Any:
    """The last frame's duration is only known from here: containers derive the others from the next frame."""
    packet.duration = 1
    return packet


def _video_frame(
    picture: np.ndarray,
    coding: VideoCoding,
    scaler: VideoReformatter,
    size: tuple[int, int],
    index: int,
    time_base: Fraction,
) -> av.VideoFrame:
    height, width = size
    padding = ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0))
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.pad(picture, padding, mode="edge")), format="rgb24")
    if not coding.is_rgb:
        frame = scaler.reformat(
            frame,
            format=coding.pixels,
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation="BICUBIC",
        )
    frame.pts, frame.time_base = index, time_base
    return frame


def _audio_packets(film: Any, coding: AudioCoding, audio: np.ndarray, rate: int) -> Iterator[Any]:
    """Add a stream of sound; the packets of ``audio`` then come one by one."""
    stream = add_sound(film, coding, len(audio), rate)

    def packets() -> Iterator[Any]:
        for first in range(0, audio.shape[1], CHUNK):
            yield from encode_sound(stream, audio[:, first : first + CHUNK], first, rate)
        yield from stream.encode()

    return packets()


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

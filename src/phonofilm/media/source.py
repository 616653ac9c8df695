"""Opening films: which streams count, where to begin decoding, and what can go wrong."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from phonofilm.errors import MediaError, StorageError
from phonofilm.media.faults import fault
from phonofilm.pair import AV
from phonofilm.workers import may_thread

NOT_FILMS = ("tty", "image2", "ass", "srt", "webvtt", "lrc")
"""Demuxers that accept a text or a picture as if it were a film."""


@dataclass(frozen=True)
class Held:
    """A film in memory, such as one that lies inside another file; it stands where a path may.

    Attributes:
        name: for messages.
        data: the film's bytes.
    """

    name: str
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name


@contextmanager
def opened(path: Path | Held) -> Iterator[InputContainer]:
    """The file, open for demuxing.

    Raises:
        MediaError: for whatever the decoder objects to.
        StorageError: if the file is not there, or no longer there.
        OutOfMemoryError: if memory ran out, whatever the decoder calls that.
    """
    source = io.BytesIO(path.data) if isinstance(path, Held) else _url(path)
    try:
        container = av.open(source, "r", metadata_errors="replace")
    except PermissionError as error:
        raise MediaError(f"{path} may not be read: check its permissions") from error
    except (FFmpegError, OSError) as error:
        raise fault(error, f"{path} is not a film, or is damaged or cut short: choose another file") from error
    with container:
        if container.format.name in NOT_FILMS or container.format.name.endswith("_pipe"):
            raise MediaError(f"{path} is not a film (it reads as {container.format.long_name}): choose another file")
        try:
            yield container
        except (FFmpegError, MediaError) as error:
            if isinstance(path, Path) and not os.path.exists(path):  # a share that went, not a damaged film
                raise StorageError(f"{path} is no longer there: try again once it is") from error
            if isinstance(error, MediaError):
                raise
            raise fault(error, f"{path} is damaged ({error.strerror}): choose another file") from error


def _url(path: Path) -> str:
    if os.path.isdir(path):  # unlike pathlib's, also where the disk no longer answers
        raise MediaError(f"{path} is a folder: name one film in it")
    if not os.path.isfile(path):
        raise StorageError(f"{path} does not exist: check the name")
    return f"file:{path}"


def film_streams(container: InputContainer) -> AV[Any]:
    """The stream of pictures and the stream of sound that a player would choose (``None`` if there is none)."""
    pictures = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    best = container.streams.best("video")
    return AV(best if best in pictures else next(iter(pictures), None), container.streams.best("audio"))


def time_of(frame: Any) -> Fraction:
    """A frame's presentation time in seconds, on the file's own clock."""
    return frame.pts * frame.time_base


def onset_of(frame: Any) -> Fraction:
    """When a stream's first frame is first seen or heard, in seconds, on the file's own clock.

    Sound stamped before zero is the encoder's run-up and not to be heard (Matroska's CodecDelay; FFmpeg
    before version 8 leaves it in).
    """
    return time_of(frame) if isinstance(frame, av.VideoFrame) else max(time_of(frame), Fraction(0))


def decode(path: Path | Held, container: InputContainer, stream: Any, *, rough: bool = False) -> Iterator[Any]:
    """The stream's frames from where the container stands.

    Args:
        path: for messages.
        container: stands where the first frame is wanted.
        stream: of pictures or of sound.
        rough: in pictures that no other picture is made from, leave out the filter that smooths the edges of blocks
            (FFmpeg's ``skip_loop_filter``), which is a part of the work. Such pictures are good enough to be measured
            when made small, and for nothing else; all others are exact, so nothing drifts.

    Raises:
        MediaError: at the damaged place of a damaged film, naming its time.
        OutOfMemoryError: see :func:`opened`.
    """
    last = None
    if stream.type == "video":
        # Several pictures at once, or one thread: by parts of a picture, H.264 is not looked at for errors.
        stream.thread_type = "AUTO" if may_thread() else "NONE"
    if rough:
        stream.codec_context.options = {"skip_loop_filter": "noref"}
    try:
        for frame in container.decode(stream):
            if frame.is_corrupt:  # made up in part, by a decoder that goes on as if nothing were
                raise MediaError(_damage(path, last or frame, "its data are not what they were"))
            last = frame if frame.pts is not None else last
            yield frame
    except FFmpegError as error:
        raise fault(error, _damage(path, last, error.strerror)) from error


def _damage(path: Path | Held, last: Any, what: str | None) -> str:
    """A sentence on a film that is damaged after a frame; ``None``: from its start."""
    reached = Fraction(0) if last is None or last.pts is None else time_of(last)
    return f"{path} is damaged after {float(reached):.2f} s ({what}): choose another file, or read only the part before"


def decode_after_seek(
    path: Path | Held, container: InputContainer, stream: Any, time: Fraction, *, rough: bool = False
) -> Iterator[Any]:
    """The stream's frames from the last key frame before ``time`` (file's clock); none where seeking fails."""
    try:
        container.seek(int(time / stream.time_base), stream=stream)
    except FFmpegError as error:
        shortage = fault(error, "")
        if isinstance(shortage, MemoryError):
            raise shortage from error
        return
    yield from decode(path, container, stream, rough=rough)


def last_packet_end(path: Path | Held) -> Fraction:
    """Where the last packet of any stream ends, subtitles too, in seconds on the file's own clock."""
    with opened(path) as container:
        return max(
            (
                (packet.pts + (packet.duration or 0)) * packet.time_base
                for packet in container.demux()
                if packet.pts is not None
            ),
            default=Fraction(0),
        )

"""Opening films: which streams count, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from phonofilm.errors import MediaError
from phonofilm.pair import AV

NOT_FILMS = ("tty", "image2", "ass", "srt", "webvtt", "lrc")
"""Demuxers that accept a text or a picture as if it were a film."""


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file, open for demuxing; whatever the decoder objects to becomes a :class:`MediaError`."""
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name one film in it")
    if not path.is_file():
        raise MediaError(f"{path} does not exist: check the name")
    try:
        container = av.open(f"file:{path}", metadata_errors="replace")
    except PermissionError as error:
        raise MediaError(f"{path} may not be read: check its permissions") from error
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"{path} is not a film or is damaged at its start: choose another file") from error
    with container:
        if container.format.name in NOT_FILMS or container.format.name.endswith("_pipe"):
            raise MediaError(f"{path} is not a film (it reads as {container.format.long_name}): choose another file")
        try:
            yield container
        except av.error.FFmpegError as error:
            raise MediaError(
                f"{path} is damaged ({error.strerror}): choose another file, or read the part before the damage"
            ) from error


def film_streams(container: InputContainer) -> AV[Any]:
    """The stream of pictures and the stream of sound that a player would choose (``None`` if there is none)."""
    pictures = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    best = container.streams.best("video")
    video = best if best in pictures else next(iter(pictures), None)
    return AV(video, container.streams.best("audio"))


def time_of(frame: Any) -> Fraction:
    """A frame's presentation time in seconds, on the file's own clock."""
    return frame.pts * frame.time_base

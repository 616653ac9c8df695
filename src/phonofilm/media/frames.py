"""A film's pictures on a constant clock."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.media.picture import picture_of
from phonofilm.media.probe import MediaInfo, VideoInfo
from phonofilm.media.resample import Clock, Shown, on_clock
from phonofilm.media.source import decode, decode_after_seek, film_streams, opened, time_of

SEEK_BEYOND = 4
"""Films are decoded from their beginning up to here, in seconds; further in, seeking is quicker."""
RESERVE = 2**30
"""Bytes of memory that a header is trusted with; beyond, room is made as pictures come."""
LEAST = 16
"""Pictures that room is made for where nothing is promised."""
EARLIER = (0, 2, 10)
"""How many seconds before the wanted time to seek to, one after the other, until that is early enough."""


def read_frames(info: MediaInfo, video: VideoInfo, clock: Clock, size: tuple[int, int] | None) -> np.ndarray:
    """The picture of each tick of the clock, uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: if the film is damaged, cut short, or changes its picture's size on the way.
    """
    height, width = size or (video.height, video.width)
    frames = np.empty((_promised(video, clock, 3 * height * width), height, width, 3), np.uint8)
    count, held = 0, None
    for frame in on_clock(_shown(info, video, clock.start), clock):
        if count == len(frames):  # in place wherever the system can move memory's pages
            frames.resize((max(2 * count, LEAST), *frames.shape[1:]), refcheck=False)
        if frame is held:
            frames[count] = frames[count - 1]
        else:
            held, picture = frame, picture_of(frame, video.pixel_aspect, size)
            if picture.shape != frames.shape[1:]:
                raise MediaError(
                    f"{info.path} changes its picture's size on the way: read it with size=(height, width)"
                )
            frames[count] = picture
        count += 1
    return frames[:count]


def _promised(video: VideoInfo, clock: Clock, size: int) -> int:
    """How many pictures of so many bytes to make room for at once: those that the header promises, if they are few."""
    promised = (clock.ticks or 0) if video.seconds is None else clock.until(video.start + video.seconds)
    return min(promised, RESERVE // size)


def _shown(info: MediaInfo, video: VideoInfo, since: Fraction) -> Iterator[Shown[Any]]:
    """The film's frames, from the one on screen at ``since`` or an earlier one to the end."""
    nominal = 1 / video.fps
    end = since
    for frame in decoded_frames(info, since):
        start = end if frame.pts is None else time_of(frame) - info.origin
        end = start + max((frame.duration or 0) * frame.time_base, nominal)
        yield Shown(start, end, frame)
    info.check_whole(video, end)


def decoded_frames(info: MediaInfo, since: Fraction, *, rough: bool = False) -> Iterator[Any]:
    """Decoded pictures from the one on screen at ``since`` (seconds after the film's start) or an earlier one.

    Args:
        info: of the film.
        since: the first time that is wanted.
        rough: see :func:`phonofilm.media.source.decode`.
    """
    for early in EARLIER if since > SEEK_BEYOND else ():
        with opened(info.path) as container:
            time = info.origin + since
            frames = decode_after_seek(info.path, container, film_streams(container).video, time - early, rough=rough)
            first = next(frames, None)
            # A seek may land behind the frame wanted: by order of decoding, or where a format's index is only a guess.
            if first is not None and first.pts is not None and time_of(first) <= time:
                yield first
                yield from frames
                return
    with opened(info.path) as container:
        yield from decode(info.path, container, film_streams(container).video, rough=rough)

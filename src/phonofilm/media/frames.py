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
EARLIER = (0, 2, 10)
"""How many seconds before the wanted time to seek to, one after the other, until that is early enough."""


def read_frames(info: MediaInfo, video: VideoInfo, clock: Clock, size: tuple[int, int] | None) -> np.ndarray:
    """The picture of each tick of the clock, uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: if the film is damaged, cut short, or changes its picture's size on the way.
    """
    pictures: list[np.ndarray] = []
    shown, held = np.zeros(0, np.uint8), None
    for frame in on_clock(_shown(info, video, clock.start), clock):
        if frame is not held:
            held, shown = frame, picture_of(frame, video.pixel_aspect, size)
        pictures.append(shown)
    height, width = size or (video.height, video.width)
    if any(picture.shape != (height, width, 3) for picture in pictures):
        raise MediaError(f"{info.path} changes its picture's size on the way: read it with size=(height, width)")
    return np.stack(pictures) if pictures else np.zeros((0, height, width, 3), np.uint8)


def _shown(info: MediaInfo, video: VideoInfo, since: Fraction) -> Iterator[Shown[Any]]:
    """The film's frames, from the one on screen at ``since`` or an earlier one to the end."""
    nominal = 1 / video.fps
    end = since
    for frame in decoded_frames(info, since):
        start = end if frame.pts is None else time_of(frame) - info.origin
        end = start + max((frame.duration or 0) * frame.time_base, nominal)
        yield Shown(start, end, frame)
    info.check_whole(video, end)


def decoded_frames(info: MediaInfo, since: Fraction) -> Iterator[Any]:
    """Decoded pictures from the one on screen at ``since`` (seconds after the film's start) or an earlier one."""
    for early in EARLIER if since > SEEK_BEYOND else ():
        with opened(info.path) as container:
            time = info.origin + since
            frames = decode_after_seek(info.path, container, film_streams(container).video, time - early)
            first = next(frames, None)
            # A seek may land behind the frame wanted: by order of decoding, or where a format's index is only a guess.
            if first is not None and first.pts is not None and time_of(first) <= time:
                yield first
                yield from frames
                return
    with opened(info.path) as container:
        yield from decode(info.path, container, film_streams(container).video)

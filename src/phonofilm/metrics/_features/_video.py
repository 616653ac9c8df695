"""Clips as published video networks want them: frames chosen, resized, cropped or padded, as floats, unrounded."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from phonofilm.errors import MediaError
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV


def frames_of(subject: Subject) -> np.ndarray:
    """The frames of a clip, uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: if it has none.
    """
    subject.check(AV(True, False))
    return subject.clip.frames  # pyright: ignore[reportReturnType]  # just checked


def first(frames: np.ndarray, count: int, fps: Fraction) -> np.ndarray:
    """The first ``count`` frames; ``fps`` is for the error.

    Raises:
        MediaError: if there are fewer.
    """
    if len(frames) < count:
        raise MediaError(
            f"the clip has {len(frames)} frames at {float(fps):g} a second, and {count} are needed: choose clips of "
            f"at least {float(count / fps):g} s"
        )
    return frames[:count]


def at_rate(frames: np.ndarray, source_fps: Fraction, fps: Fraction) -> np.ndarray:
    """At another frame rate: of each new frame the picture that was on screen when it begins.

    That is ``VideoClips`` of torchvision: new frame ``i`` is old frame ``floor(i * source_fps / fps)``, for
    ``i < floor(frames * fps / source_fps)``.
    """
    count = math.floor(len(frames) * fps / source_fps)
    return frames[[math.floor(i * source_fps / fps) for i in range(count)]]


def spread(frames: np.ndarray, count: int) -> np.ndarray:
    """``count`` frames at even distances from the first to the last, which repeat where there are fewer."""
    return frames[torch.linspace(0, len(frames) - 1, count).round().long().numpy()]


def planes(frames: np.ndarray) -> Tensor:
    """Frames as float32 ``(frame, 3, height, width)`` in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def resized(video: Tensor, height: int, width: int, mode: str = "bilinear", *, antialias: bool = False) -> Tensor:
    """Pictures ``(frame, 3, height, width)`` at another size, corners not aligned."""
    return F.interpolate(video, (height, width), mode=mode, align_corners=False, antialias=antialias)


def short_side_crop(video: Tensor, side: int) -> Tensor:
    """The short side brought to ``side`` (bilinear, the other one rounded up), and the middle of that, square."""
    height, width = video.shape[-2:]
    scale = side / min(height, width)
    to = (side, math.ceil(width * scale)) if height < width else (math.ceil(height * scale), side)
    video = resized(video, *to)
    top, left = (to[0] - side) // 2, (to[1] - side) // 2
    return video[..., top : top + side, left : left + side]


def letterbox(video: Tensor, side: int, mode: str = "bilinear", *, antialias: bool = False) -> Tensor:
    """The long side brought to ``side``, the other one rounded down, with black (0) around it to a square."""
    height, width = video.shape[-2:]
    to = (side, max(1, side * width // height)) if height > width else (max(1, side * height // width), side)
    if to != (height, width):
        video = resized(video, *to, mode, antialias=antialias)
    top, left = (side - to[0]) // 2, (side - to[1]) // 2
    return F.pad(video, (left, side - to[1] - left, top, side - to[0] - top))

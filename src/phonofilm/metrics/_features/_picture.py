"""Pictures as published networks want them: at their rate, of their size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from phonofilm.media.clip import Clip
from phonofilm.media.resample import resample_frames


def ticks(clip: Clip, fps: int) -> np.ndarray:
    """Which of a clip's frames stand at each tick of ``fps`` a second, int ``(tick,)``; the clip has a picture.

    Frames are chosen or held, never blended: at each tick the one on screen in the middle of it. ffmpeg's ``fps``
    filter with its default rounding chooses the same ones.
    """
    assert clip.frames is not None
    return resample_frames(np.arange(len(clip.frames)), clip.fps, Fraction(fps))


def frames_at(clip: Clip, fps: int) -> np.ndarray:
    """A clip's frames at ``fps``, uint8 ``(frame, height, width, 3)``, chosen by :func:`ticks`."""
    assert clip.frames is not None
    return clip.frames[ticks(clip, fps)]


def resize_short(frames: np.ndarray, side: int, mode: str = "bicubic") -> Tensor:
    """The shorter side becomes ``side`` and the longer one keeps the shape, rounded down; antialiased, in whole levels.

    As torchvision's ``Resize(side, interpolation)`` does with uint8 tensors, to the last level but one.

    Args:
        frames: uint8 ``(frame, height, width, 3)``.
        side: pixels.
        mode: "bicubic" or "bilinear".

    Returns:
        uint8 ``(frame, 3, height, width)``.
    """
    height, width = frames.shape[1:3]
    short = min(height, width)
    size = (side * height // short, side * width // short)
    pictures = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))
    if (height, width) == size:
        return pictures
    return torch.cat([_resized(some, size, mode) for some in pictures.split(16)])


def _resized(pictures: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    made = interpolate(pictures.float(), size, mode=mode, align_corners=False, antialias=True)
    return made.clamp(0, 255).round().to(torch.uint8)


def centre_crop(pictures: Tensor, side: int) -> Tensor:
    """The middle square of pictures ``(..., height, width)`` that are no smaller; halves round to even."""
    height, width = pictures.shape[-2:]
    top, left = round((height - side) / 2), round((width - side) / 2)
    return pictures[..., top : top + side, left : left + side]

"""Frames resized, cropped and padded as published networks want them: in whole levels, or as floats, unrounded."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


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
    return torch.cat([_whole_levels(some, size, mode) for some in pictures.split(16)])


def _whole_levels(pictures: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    return resized(pictures.float(), *size, mode, antialias=True).clamp(0, 255).round().to(torch.uint8)


def centre_crop(pictures: Tensor, side: int) -> Tensor:
    """The middle square of pictures ``(..., height, width)`` that are no smaller; halves round to even."""
    height, width = pictures.shape[-2:]
    top, left = round((height - side) / 2), round((width - side) / 2)
    return pictures[..., top : top + side, left : left + side]


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

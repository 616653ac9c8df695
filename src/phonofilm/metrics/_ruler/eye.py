"""The eye: events seen, from frames alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from phonofilm.metrics._ruler.layers import Trunk, scaled

SIDE = 32
"""Events are seen in pictures of this height and width, whatever the film's shape."""
FASTEST = 26
"""Frames a second that the eye takes; faster films are averaged over groups of frames."""
USUAL_RATE = 12.0


@dataclass(frozen=True)
class View:
    """Frames as the eye takes them.

    Attributes:
        frames: uint8 ``(T, 3, side, side)``.
        rate: frames a second.
    """

    frames: Tensor
    rate: float


def scaled_down(frames: np.ndarray, side: int) -> np.ndarray:
    """Frames uint8 ``(frame, height, width, 3)`` at ``side`` by ``side`` pixels."""
    return np.stack([cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in frames])


def look(frames: np.ndarray, fps: Fraction) -> View:
    """Frames uint8 ``(frame, height, width, 3)`` scaled and, above ``FASTEST``, averaged in groups.

    The last group is filled up with the last frame.
    """
    group = ceil(fps / FASTEST)
    small = scaled_down(frames, SIDE)
    missing = -len(small) % group
    small = np.concatenate([small, np.repeat(small[-1:], missing, axis=0)])
    if group > 1:
        small = np.rint(small.reshape(-1, group, SIDE, SIDE, 3).mean(axis=1)).astype(np.uint8)
    return View(torch.from_numpy(small).permute(0, 3, 1, 2), float(fps / group))


class Eye(nn.Module):
    """Event logit and place in each frame.

    Each frame, with its differences from its neighbours, goes through a small picture network; then a network
    in time, told the frame rate, sees what came before and after.

    Attributes:
        sharpness: width in frames of the heat that an event is trained to make.
        threshold: least confidence that counts.
    """

    sharpness = 0.6
    threshold = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(scaled(9, 24, 2), scaled(24, 32, 2), scaled(32, 48, 1), scaled(48, 48, 2))
        self.trunk = Trunk(2 * 48 + 1, 64, (1, 2, 1, 3))

    def forward(self, frames: Tensor, rate: Tensor) -> Tensor:
        """Frames ``(B, T, 3, SIDE, SIDE)`` in 0 .. 255 and frames a second ``(B,)`` to ``(B, T, 2)``."""
        x = frames.float() / 127.5 - 1
        change = x.diff(dim=1)
        still = torch.zeros_like(x[:, :1])
        stacked = torch.cat([x, torch.cat([still, change], dim=1), torch.cat([change, still], dim=1)], dim=2)
        seen = self.picture(stacked.flatten(0, 1))
        features = torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1).unflatten(0, x.shape[:2])
        speed = (rate / USUAL_RATE).log2()[:, None, None].expand(-1, x.shape[1], 1)
        return self.trunk(torch.cat([features, speed], dim=2).transpose(1, 2))

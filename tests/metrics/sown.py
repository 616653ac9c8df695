"""Weights and clips that are the same on every machine and with every version of torch: no dice."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch
from torch import nn

from phonofilm.media.clip import Clip


def sow(network: nn.Module) -> nn.Module:
    """Every weight of its own, of a size at which signals neither die nor explode; running variances stay positive."""
    for place, (name, value) in enumerate(sorted(network.state_dict().items())):
        if not value.is_floating_point():
            continue
        seeds = torch.arange(value.numel(), dtype=torch.float64) * 12.9898 + 78.233 * (place + 1)
        even = 2 * (seeds.sin() * 43758.5453).frac().abs() - 1  # in [-1, 1], as good as chance
        if name.endswith("running_var"):
            even = 1 + even / 2
        elif value.ndim > 1:
            even = even * (6 / value[0].numel()) ** 0.5
        else:
            even = even / 8 + float(name.endswith("weight"))
        value.copy_(even.reshape(value.shape))
    return network.eval()


def moving(
    frames: int = 16, height: int = 64, width: int = 64, fps: int = 10, phase: float = 0.0, speed: float = 1.0
) -> Clip:
    """A wave of colours that wanders over the picture, with a tone of one second."""
    t, y, x = np.ogrid[:frames, :height, :width]
    waves = [np.sin(0.21 * x + 0.13 * (c + 1) * y - 0.7 * speed * t + phase + 2 * c) for c in range(3)]
    picture = np.stack([np.rint(127.5 + 127.5 * wave) for wave in waves], axis=-1).astype(np.uint8)
    tone = np.sin(np.arange(16_000) * 0.2, dtype=np.float32)[None] / 4
    return Clip(picture, tone, Fraction(fps), 16_000)

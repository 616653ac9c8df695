"""Sound in frames of equal length, whatever the lengths that it comes in."""

from __future__ import annotations

import numpy as np

SILENCE_DB = -120.0
"""Levels are at least this, in dB, so that silence has one too."""


class Frames:
    """Cuts sound into frames.

    Args:
        size: samples of a frame.
        hop: samples from one frame's beginning to the next one's.

    Attributes:
        rest: ``(channel, sample)``: what is not in a whole frame yet, or belongs to the next one too.
    """

    def __init__(self, size: int, hop: int) -> None:
        self.size, self.hop = size, hop
        self.rest: np.ndarray | None = None

    def of(self, samples: np.ndarray) -> np.ndarray:
        """The frames that ``samples (channel, sample)`` completes: ``(channel, frame, size)``."""
        sound = samples if self.rest is None else np.concatenate([self.rest, samples], axis=1)
        count = max((sound.shape[1] - self.size) // self.hop + 1, 0)
        self.rest = sound[:, count * self.hop :].copy()
        if not count:
            return np.zeros((len(sound), 0, self.size), sound.dtype)
        return np.lib.stride_tricks.sliding_window_view(sound, self.size, axis=1)[:, :: self.hop][:, :count]


def decibels(power: float) -> float:
    """Of a power relative to full scale."""
    return max(10 * float(np.log10(power)), SILENCE_DB) if power > 0 else SILENCE_DB


def tenth(sample_rate: int) -> int:
    """Samples in a tenth of a second, to the nearest one."""
    return max((sample_rate + 5) // 10, 1)

"""Mel cepstra as python_speech_features makes them by default (github.com/jameslyons/python_speech_features, MIT)."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.fft import dct

WINDOW, HOP, TRANSFORM, FILTERS, COUNT, LIFTER = 400, 160, 512, 26, 13, 22
EMPHASIS = 0.97


def cepstra(sound: np.ndarray) -> np.ndarray:
    """13 cepstra every 10 ms, the first of which is the logarithm of the window's energy.

    First differences (0.97); windows of 25 ms without any taper, the last one filled up with zeros; power spectrum of
    512 bins divided by 512; 26 triangles whose corners lie on whole bins; logarithm; orthonormal cosine transform;
    lifted by ``1 + 11 sin(pi k / 22)``. Zeros become the smallest step of float64 above 1 before a logarithm.

    Args:
        sound: 16 kHz, in 16-bit levels, ``(sample,)``, at least one.

    Returns:
        float64 ``(1 + ceil((sample - 400) / 160), 13)``; one row for less than 400 samples.
    """
    level = np.asarray(sound, np.float64)
    level = np.append(level[:1], level[1:] - EMPHASIS * level[:-1])
    steps = 1 + max(-(-(len(level) - WINDOW) // HOP), 0)
    level = np.pad(level, (0, (steps - 1) * HOP + WINDOW - len(level)))
    windows = np.lib.stride_tricks.sliding_window_view(level, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows, TRANSFORM)) ** 2 / TRANSFORM
    found = np.asarray(dct(_log(power @ _filters().T), type=2, axis=1, norm="ortho"))[:, :COUNT]
    found *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(COUNT) / LIFTER)
    found[:, 0] = _log(power.sum(axis=1))
    return found


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.where(values == 0, np.finfo(np.float64).eps, values))


@cache
def _filters() -> np.ndarray:
    """Triangles ``(26, 257)``."""
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), FILTERS + 2)
    corners = np.floor((TRANSFORM + 1) * 700 * (10 ** (mels / 2595) - 1) / 16_000)[:, None]
    low, peak, high = corners[:-2], corners[1:-1], corners[2:]
    at = np.arange(TRANSFORM // 2 + 1)
    rising = np.where((at >= low) & (at < peak), (at - low) / (peak - low), 0)
    return np.where((at >= peak) & (at < high), (high - at) / (high - peak), rising)

"""When sound begins: the strength of its onsets a hundred times a second."""

from __future__ import annotations

import numpy as np
from scipy.fft import rfft
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from phonofilm.data.ingest.measures._frames import Frames

RATE = 100
"""Values a second."""
BANDS = 16
LOWEST, HIGHEST = 100.0, 16_000.0
FLOOR = 1e-8
"""Power below which a band is silent, of full scale: -80 dB."""
LEAST = 3.0
"""Least rise at an onset, in dB averaged over the bands, above the mean of its surroundings."""
NEAR, AROUND = 7, 41
"""Values, centred on an onset: none is greater in the first number, and the second is its surroundings."""


class Onsets:
    """Rise of the sound's level in bands between frames of 20 ms, 10 ms apart.

    Args:
        sample_rate: samples a second.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate, self._hop = sample_rate, max(round(sample_rate / RATE), 1)
        self._frames = Frames(2 * self._hop, self._hop)
        self._taper = np.hanning(2 * self._hop).astype(np.float32)
        self._bands = bands(self._hop + 1, sample_rate)
        self._last: np.ndarray | None = None
        self._rises: list[np.ndarray] = []

    def hear(self, samples: np.ndarray) -> None:
        """Take the next sound, float32 ``(channel, sample)``."""
        frames = self._frames.of(samples.mean(axis=0, keepdims=True))[0]
        if not len(frames):
            return
        spectrum = np.abs(np.asarray(rfft(frames * self._taper))) / self._hop
        levels = 10 * np.log10((spectrum * spectrum) @ self._bands + FLOOR)
        before = levels[:1] if self._last is None else self._last
        self._last = levels[-1:]
        rise = np.diff(levels, axis=0, prepend=before)
        self._rises.append(np.maximum(rise, 0).mean(axis=1).astype(np.float32))

    def strength(self) -> np.ndarray:
        """Mean rise in dB of each frame over the one before; value ``i`` belongs to :meth:`time` of ``i``."""
        return np.concatenate(self._rises) if self._rises else np.zeros(0, np.float32)

    def time(self, index: np.ndarray) -> np.ndarray:
        """Seconds after the first sample: the middle of what a frame holds and the one before does not."""
        return (index + 1.5) * self._hop / self._rate


def bands(bins: int, sample_rate: int) -> np.ndarray:
    """Which of ``bins`` equal steps up to half the sample rate belong to which band: 0 or 1, ``(bin, band)``."""
    frequency = np.arange(bins) * (sample_rate / 2 / (bins - 1))
    edges = np.geomspace(LOWEST, min(HIGHEST, sample_rate / 2), BANDS + 1)
    inside = (frequency[:, None] >= edges[:-1]) & (frequency[:, None] < edges[1:])
    return inside[:, inside.any(axis=0)].astype(np.float32)


def onsets(strength: np.ndarray) -> np.ndarray:
    """Indices of the onsets in strengths of onsets."""
    if not len(strength):
        return np.zeros(0, np.intp)
    greatest = strength == maximum_filter1d(strength, NEAR, mode="constant")
    around = uniform_filter1d(strength.astype(np.float64), AROUND, mode="constant")
    return np.flatnonzero(greatest & (strength >= around + LEAST))

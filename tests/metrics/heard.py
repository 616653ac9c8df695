"""A film that is there to be heard: the same on every machine."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject


def waves(seconds: float, rate: int, pitch: float = 300.0) -> np.ndarray:
    """Two channels, float32 ``(2, sample)``: a chirp, and a fluttering tone that is not centred on zero."""
    t = np.arange(int(seconds * rate)) / rate
    chirp = 0.3 * np.sin(2 * np.pi * (pitch + 400 * t) * t)
    flutter = 0.1 * np.sin(2 * np.pi * 2500 * t) * np.sin(2 * np.pi * 3 * t) ** 2 + 0.02
    return np.stack([chirp, flutter]).astype(np.float32)


def film(seconds: float, rate: int, pitch: float = 300.0, name: str = "film") -> Subject:
    """One with a picture of no interest."""
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    return Subject(name, Clip(frames, waves(seconds, rate, pitch), Fraction(2), rate))

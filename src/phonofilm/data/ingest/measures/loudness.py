"""How loud the sound is to an ear: integrated loudness of ITU-R BS.1770-4.

The two filters of the recommendation are given at 48 kHz only; at other rates they are the same analogue filters,
with the parameters of De Man, "Evaluation of implementations of the EBU R128 loudness measurement" (AES 145, 2018).
"""

from __future__ import annotations

from math import pi, tan

import numpy as np
from scipy.signal import sosfilt

from phonofilm.data.ingest.measures._frames import Frames, tenth
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.pair import AV

GATE = -70.0
"""LUFS below which nothing counts; a clip in which nothing does is said to have this loudness."""
BLOCK = 4
"""Tenths of a second in a gating block; blocks begin a tenth apart."""
_OFFSET = -0.691
_WEIGHTS = {"LFE": 0.0, **dict.fromkeys(("BL", "BR", "BC", "SL", "SR"), 1.41)}
"""Of the channels' powers (table 3 of the recommendation); 1 for the others."""


class Loudness(Meter):
    """See the module."""

    version = 1
    gives = (Measure("lufs", "integrated loudness, LUFS (BS.1770-4); -70 if nothing is as loud as that"),)
    needs = AV(False, True)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        step = tenth(window.sample_rate)
        self._frames = Frames(step, step)
        self._filter = k_weighting(window.sample_rate)
        self._state = np.zeros((len(self._filter), len(window.speakers), 2))
        self._weights = np.array([_WEIGHTS.get(name, 1.0) for name in window.speakers])
        self._powers: list[float] = []

    def hear(self, samples: np.ndarray) -> None:
        """Take the clip's next sound."""
        weighted, self._state = sosfilt(self._filter, samples, axis=1, zi=self._state)
        frames = self._frames.of(weighted)
        powers = np.einsum("cfs,cfs->cf", frames, frames) / self._frames.size
        self._powers.extend((self._weights @ powers).tolist())

    def values(self) -> dict[str, Value | Absent]:
        """The loudness, if one block fits."""
        if len(self._powers) < BLOCK:
            return {"lufs": Absent("the clip is shorter than 0.4 s")}
        return {"lufs": integrated(np.convolve(self._powers, np.full(BLOCK, 1 / BLOCK), "valid"))}


def integrated(blocks: np.ndarray) -> float:
    """Loudness in LUFS of weighted powers ``(block,)``, gated twice (annex 1, equations 4 to 7)."""
    heard = blocks[blocks > _power(GATE)]
    if not len(heard):
        return GATE
    counted = heard[heard > heard.mean() / 10]  # 10 LU below
    return _OFFSET + 10 * float(np.log10(counted.mean()))


def k_weighting(sample_rate: int) -> np.ndarray:
    """The two filters of annex 1, as second-order sections ``(2, 6)``."""
    shelf = _shelf(1681.974450955533, 3.999843853973347, 0.7071752369554196, sample_rate)
    k = tan(pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    below = 1 + k / q + k * k
    rumble = (1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / below, (1 - k / q + k * k) / below)
    return np.array([shelf, rumble])


def _shelf(frequency: float, gain: float, q: float, sample_rate: int) -> tuple[float, ...]:
    """A filter that raises what lies above a frequency, in Hz, by a gain in dB."""
    k = tan(pi * frequency / sample_rate)
    high = 10 ** (gain / 20)
    middle = high**0.4996667741545416
    below = 1 + k / q + k * k
    return (
        (high + middle * k / q + k * k) / below,
        2 * (k * k - high) / below,
        (high - middle * k / q + k * k) / below,
        1.0,
        2 * (k * k - 1) / below,
        (1 - k / q + k * k) / below,
    )


def _power(loudness: float) -> float:
    return 10 ** ((loudness - _OFFSET) / 10)


meter = Loudness

"""How far up the sound reaches."""

from __future__ import annotations

import numpy as np
from scipy.fft import rfft

from phonofilm.data.ingest.measures._frames import Frames, tenth
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.pair import AV

SHARE = 0.99


class Bandwidth(Meter):
    """Roll-off of the mean spectrum: one frame in each tenth of a second, of as many samples as a power of two fits."""

    version = 1
    gives = (Measure("bandwidth", "Hz below which 99 % of the sound's energy lies"),)
    needs = AV(False, True)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        step = tenth(window.sample_rate)
        self._size = 1 << (step.bit_length() - 1)
        self._frames = Frames(self._size, step)
        self._taper = np.hanning(self._size).astype(np.float32)
        self._energy = np.zeros(self._size // 2 + 1)

    def hear(self, samples: np.ndarray) -> None:
        """Take the clip's next sound."""
        spectrum = np.abs(np.asarray(rfft(self._frames.of(samples) * self._taper)))
        self._energy += np.einsum("cfk,cfk->k", spectrum, spectrum)

    def values(self) -> dict[str, Value | Absent]:
        """The frequency, where there is any energy."""
        total = self._energy.sum()
        if total == 0:
            return {"bandwidth": Absent("the sound is silent")}
        index = int(np.searchsorted(np.cumsum(self._energy), SHARE * total))
        return {"bandwidth": index * self.window.sample_rate / self._size}


meter = Bandwidth

"""How alike left and right are: 1 for one voice on two channels."""

from __future__ import annotations

import numpy as np

from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.pair import AV


class Stereo(Meter):
    """Correlation of front left and front right, or of the first two channels where none is called so."""

    version = 1
    gives = (Measure("channel_correlation", "correlation of left and right, -1 to 1"),)
    needs = AV(False, True)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        names = window.speakers
        self._sides = [names.index("FL"), names.index("FR")] if {"FL", "FR"} <= set(names) else [0, 1]
        self._count, self._sums, self._products = 0, np.zeros(2), np.zeros((2, 2))

    def hear(self, samples: np.ndarray) -> None:
        """Take the clip's next sound."""
        if len(samples) < 2:
            return
        sides = samples[self._sides].astype(np.float64)
        self._count += sides.shape[1]
        self._sums += sides.sum(axis=1)
        self._products += sides @ sides.T

    def values(self) -> dict[str, Value | Absent]:
        """The correlation, where there is one."""
        if len(self.window.speakers) < 2:
            return {"channel_correlation": Absent("there is one channel")}
        mean = self._sums / self._count
        covariance = self._products / self._count - np.outer(mean, mean)
        left, right = covariance.diagonal()
        if min(left, right) <= 1e-12:  # of full scale: digital silence, or a constant
            return {"channel_correlation": Absent("a channel is silent")}
        return {"channel_correlation": float(np.clip(covariance[0, 1] / np.sqrt(left * right), -1, 1))}


meter = Stereo

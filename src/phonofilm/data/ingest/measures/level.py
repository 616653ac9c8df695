"""How strong the sound is, as samples: level, peak, silence, clipping."""

from __future__ import annotations

import numpy as np

from phonofilm.data.ingest.measures._frames import Frames, decibels, tenth
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.pair import AV

SILENT_DB = -50
"""A tenth of a second below this level, in dB of full scale, is silent."""
FULL = 1 - 2**-15
"""The greatest sample that 16 bits hold, of 1."""


class Level(Meter):
    """See the module; all channels count alike."""

    version = 1
    gives = (
        Measure("rms", "root mean square of all samples, dB of full scale; -120 and below is -120"),
        Measure("peak", "greatest sample, dB of full scale (not oversampled); lossy codecs may pass 0"),
        Measure("clipped", "share of samples at or above full scale"),
        Measure("silence_ratio", "share of the time in tenths of a second whose rms is below -50 dB of full scale"),
        Measure("all_zero", "every sample is 0"),
    )
    needs = AV(False, True)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        step = tenth(window.sample_rate)
        self._frames = Frames(step, step)
        self._energy, self._peak, self._clipped, self._silent, self._count = 0.0, 0.0, 0, 0, 0

    def hear(self, samples: np.ndarray) -> None:
        """Take the clip's next sound."""
        low, high = float(samples.min()), float(samples.max())
        self._peak = max(self._peak, high, -low)
        if max(high, -low) >= FULL:
            self._clipped += int(np.count_nonzero(np.abs(samples) >= FULL))
        self._count += samples.size
        self._add(self._frames.of(samples))

    def _add(self, frames: np.ndarray) -> None:
        """Take frames ``(channel, frame, size)``."""
        energy = np.einsum("cfs,cfs->f", frames, frames).astype(np.float64)
        samples = frames.shape[0] * frames.shape[2]
        self._energy += float(energy.sum())
        self._silent += samples * int(np.count_nonzero(energy < samples * 10 ** (SILENT_DB / 10)))

    def values(self) -> dict[str, Value | Absent]:
        """Levels and shares; what remains at the end is a shorter frame."""
        rest, self._frames.rest = self._frames.rest, None
        if rest is not None and rest.size:
            self._add(rest[:, None])
        return {
            "rms": decibels(self._energy / self._count),
            "peak": decibels(self._peak**2),
            "clipped": self._clipped / self._count,
            "silence_ratio": self._silent / self._count,
            "all_zero": self._peak == 0,
        }


meter = Level

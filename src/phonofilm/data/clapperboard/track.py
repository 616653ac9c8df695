"""One number that changes with time, as cubic pieces between knots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Knot:
    """Value of a track at ``time`` with its slope on either side; they differ where something is struck."""

    time: float
    value: float
    arriving: float = 0.0
    leaving: float = 0.0


@dataclass(frozen=True, eq=False)
class Track:
    """A piecewise cubic of time: exact for constant speed and for free fall, continuous, kinked at impacts.

    Before the first knot and after the last one the value stands still.

    Attributes:
        times: knots' times in seconds ``(knot,)``, strictly increasing.
        values: values there ``(knot,)``.
        arriving, leaving: slopes just before and just after each knot ``(knot,)``.
    """

    times: np.ndarray
    values: np.ndarray
    arriving: np.ndarray
    leaving: np.ndarray

    @classmethod
    def still(cls, value: float) -> Track:
        """A track that never changes."""
        return cls.through([Knot(0.0, value)])

    @classmethod
    def through(cls, knots: Iterable[Knot]) -> Track:
        """The track through ``knots``, which must be in order of time."""
        rows = np.array([(k.time, k.value, k.arriving, k.leaving) for k in knots], dtype=np.float64)
        if len(rows) == 0 or np.any(np.diff(rows[:, 0]) <= 0):
            raise ValueError("a track needs at least one knot, and knots at increasing times")
        return cls(*rows.T)

    @classmethod
    def lines(cls, times: np.ndarray, values: np.ndarray) -> Track:
        """Straight lines through points at increasing ``times``."""
        slopes = np.diff(values) / np.diff(times)
        return cls(times, values, np.concatenate([[0.0], slopes]), np.concatenate([slopes, [0.0]]))

    @property
    def moves(self) -> bool:
        """Whether the value ever changes."""
        return len(self.times) > 1

    def at(self, times: np.ndarray) -> np.ndarray:
        """Values at ``times`` (any shape), by cubic Hermite interpolation."""
        if not self.moves:
            return np.full(np.shape(times), self.values[0])
        inside = np.clip(times, self.times[0], self.times[-1])
        left = np.clip(np.searchsorted(self.times, inside, side="right") - 1, 0, len(self.times) - 2)
        span = self.times[left + 1] - self.times[left]
        u = (inside - self.times[left]) / span
        rise = self.values[left + 1] - self.values[left]
        a = self.leaving[left] * span - rise
        b = rise - self.arriving[left + 1] * span
        return self.values[left] + u * (rise + (1 - u) * (a * (1 - u) + b * u))

    def scaled(self, factor: float, shift: float = 0.0) -> Track:
        """The track ``factor * value + shift``."""
        return Track(self.times, factor * self.values + shift, factor * self.arriving, factor * self.leaving)

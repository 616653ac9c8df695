"""One-to-one matching of event times."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

REACH = 0.6
"""Largest lag in seconds that is looked for."""
WINDOW = 0.125
"""Pairs at most this far apart, in seconds, belong together: half the least gap between events."""
STEP = 0.05
"""A fit is judged in steps of this, in seconds: jitter within a step does not make up for a larger lag."""
_ROUNDING = 1e-9  # seconds: times of whole frames and samples are compared after division


def match(seen: np.ndarray, heard: np.ndarray, tolerance: float) -> np.ndarray:
    """The largest one-to-one matching of times at most ``tolerance`` apart, closest in total among the largest.

    Args:
        seen, heard: times in seconds, ``(n,)`` and ``(m,)``.
        tolerance: in seconds; a pair exactly this far apart still matches.

    Returns:
        int ``(pairs, 2)``: indices into ``seen`` and ``heard``.
    """
    apart = np.abs(seen[:, None] - heard[None, :])
    allowed = apart <= tolerance + _ROUNDING
    never = 1.0 + tolerance * (len(seen) + len(heard))  # dearer than any number of allowed pairs together
    rows, columns = linear_sum_assignment(np.where(allowed, apart, never))
    kept = allowed[rows, columns]
    return np.stack([rows[kept], columns[kept]], axis=1)


def best_lag(seen: np.ndarray, heard: np.ndarray) -> float | None:
    """The lag of sound behind picture at which most events match; ``None`` where no pair is within reach.

    Lags that are the difference of some pair and at most ``REACH`` are tried. Of those that match equally many
    events within ``WINDOW``, the one whose pairs then lie closest on average is taken, in whole ``STEP``; of
    those, the smallest in size. (Regular beats match at several lags once the first or last of them is missing.)
    """
    lags = (heard[None, :] - seen[:, None]).ravel()
    lags = lags[np.abs(lags) <= REACH + _ROUNDING]
    return float(min(lags, key=lambda lag: _unfitness(seen, heard, lag))) if len(lags) else None


def _unfitness(seen: np.ndarray, heard: np.ndarray, lag: float) -> tuple[float, ...]:
    pairs = match(seen, heard - lag, WINDOW)
    apart = float(np.abs(heard[pairs[:, 1]] - lag - seen[pairs[:, 0]]).mean())
    return -len(pairs), int(apart / STEP), abs(lag), lag


def offsets(seen: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Sound minus picture in seconds for each pair matched at the best lag, ``(pairs,)``."""
    lag = best_lag(seen, heard)
    if lag is None:
        return np.empty(0)
    pairs = match(seen, heard - lag, WINDOW)
    return heard[pairs[:, 1]] - seen[pairs[:, 0]]

"""The bootstrap over clips: a number drawn again and again, and between which of the draws its interval lies."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

RESAMPLES = 1000
BLOCK = 2**17
"""Clips of so many resamples together are looked at at a time."""
BOOTSTRAP = f"percentile bootstrap over clips, {RESAMPLES} resamples, widened for few clips (Hesterberg 2015)"
FEW = 20
"""Of fewer clips an interval is rough: it holds the truth less often than it says, above all of two or three, and where
values are skewed or nearly all equal."""


class Drawable(Protocol):
    """Parts that a bootstrap can draw again."""

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where there is none."""
        ...


def resampled(parts: Drawable, n: int, seed: int) -> np.ndarray:
    """The number in each resample of its ``n`` clips, ``(RESAMPLES,)``; nan where a resample gives none.

    Resamples are looked at a few at a time: what each takes of memory grows with the number of clips.
    """
    rng, few = np.random.default_rng(seed), max(1, BLOCK // n)
    return np.concatenate(
        [
            parts.redrawn(rng.multinomial(n, np.full(n, 1 / n), size=min(few, RESAMPLES - done)).astype(np.float64))
            for done in range(0, RESAMPLES, few)
        ]
    )


def percentiles(draws: np.ndarray, clips: int) -> tuple[float, float]:
    """The 95 % interval from the draws that have a value: Hesterberg's expanded percentiles.

    Draws of n clips vary too little, by ``sqrt((n - 1) / n)``, and have a normal's tails where Student's are due. So
    the percentiles are ``Phi(-sqrt(n / (n - 1)) t)`` of n - 1 degrees of freedom on either side, in place of 2.5 %
    (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", The American Statistician 69, 371-386). The
    interval stays within what the clips' values can give.

    Args:
        draws: ``(RESAMPLES,)``; nan where one has no value.
        clips: that count, 2 at least.
    """
    reach = np.sqrt(clips / (clips - 1)) * student.ppf(0.975, clips - 1)
    low, high = np.percentile(draws[~np.isnan(draws)], 100 * norm.cdf([-reach, reach]))
    return float(low), float(high)

"""Intervals and chance levels: clips drawn again, and clips paired with the wrong partner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import t as student

from phonofilm.metrics._score import Estimate

RESAMPLES = 1000
SHUFFLES = 20
GROUPS = 20
BOOTSTRAP = f"percentile bootstrap over clips, {RESAMPLES} resamples"
JACKKNIFE = f"delete-a-group jackknife over clips, {GROUPS} groups, reference held"


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int, *, empty: str) -> Estimate:
    """Sum over sum, with a bootstrap interval over clips.

    Args:
        numerators, denominators: one of each per clip.
        seed: of the resampling.
        empty: the reason given where the denominators add up to nothing.
    """
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if bottom.sum() == 0:
        return Estimate(None, reason=empty)
    drawn = np.random.default_rng(seed).integers(len(top), size=(RESAMPLES, len(top)))
    tops, bottoms = top[drawn].sum(axis=1), bottom[drawn].sum(axis=1)
    return Estimate(float(top.sum() / bottom.sum()), _percentiles(tops[bottoms > 0] / bottoms[bottoms > 0]), BOOTSTRAP)


def mean(values: Sequence[float], seed: int, *, empty: str) -> Estimate:
    """Mean over clips with a bootstrap interval."""
    return ratio(values, np.ones(len(values)), seed, empty=empty)


def pooled(
    per_clip: Sequence[np.ndarray], statistic: Callable[[np.ndarray], float], seed: int, *, empty: str
) -> Estimate:
    """A statistic of all clips' values together; clips are resampled whole, since values of one clip go together."""
    filled = [values for values in per_clip if len(values)]
    if not filled:
        return Estimate(None, reason=empty)
    rng = np.random.default_rng(seed)
    draws = [
        statistic(np.concatenate([filled[i] for i in rng.integers(len(filled), size=len(filled))]))
        for _ in range(RESAMPLES)
    ]
    return Estimate(float(statistic(np.concatenate(filled))), _percentiles(np.array(draws)), BOOTSTRAP)


def _percentiles(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def jackknife(n: int, statistic: Callable[[np.ndarray], float], seed: int) -> Estimate:
    """A statistic that is biased under resampling with repeats, such as a Frechet distance, with its interval.

    Clips are dealt at random into ``GROUPS`` groups; the statistic is computed without each of them in turn.

    Args:
        n: number of clips.
        statistic: of an array of clip indices.
        seed: of the dealing.

    Returns:
        The estimate; without an interval where there are fewer clips than two per group.
    """
    value = statistic(np.arange(n))
    if n < 2 * GROUPS:
        return Estimate(value)
    group = np.random.default_rng(seed).permutation(n) % GROUPS
    without = np.array([statistic(np.flatnonzero(group != g)) for g in range(GROUPS)])
    spread = np.sqrt((GROUPS - 1) / GROUPS * ((without - without.mean()) ** 2).sum())
    reach = float(student.ppf(0.975, GROUPS - 1) * spread)
    return Estimate(value, (value - reach, value + reach), JACKKNIFE)


def derangements(n: int, seed: int) -> list[np.ndarray]:
    """``SHUFFLES`` random pairings ``(n,)`` in which no clip meets itself; none where ``n`` is below 2."""
    if n < 2:
        return []
    rng = np.random.default_rng(seed)
    return [_derangement(n, rng) for _ in range(SHUFFLES)]


def _derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """Each clip meets the next one around a random circle."""
    circle = rng.permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[circle] = np.roll(circle, 1)
    return partner

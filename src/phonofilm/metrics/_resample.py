"""Intervals and chance levels: clips drawn again, and clips paired with the wrong partner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import t as student

from phonofilm.metrics._score import Estimate

RESAMPLES = 1000
SHUFFLES = 20
GROUPS = 20
_ROUNDING = 1e-6  # of a rank
BOOTSTRAP = f"percentile bootstrap over clips, {RESAMPLES} resamples"
JACKKNIFE = f"delete-a-group jackknife over clips, {GROUPS} groups, reference held"


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int | None, *, empty: str) -> Estimate:
    """Sum over sum, with a bootstrap interval over clips.

    Args:
        numerators, denominators: one of each per clip.
        seed: of the resampling; ``None``: no interval.
        empty: the reason given where the denominators add up to nothing.
    """
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if bottom.sum() == 0:
        return Estimate(None, reason=empty)
    value = float(top.sum() / bottom.sum())
    if seed is None:
        return Estimate(value)
    drawn = _counts(len(top), seed)
    tops, bottoms = drawn @ top, drawn @ bottom
    return Estimate(value, _percentiles(tops[bottoms > 0] / bottoms[bottoms > 0]), BOOTSTRAP)


def mean(values: Sequence[float], seed: int, *, empty: str) -> Estimate:
    """Mean over clips with a bootstrap interval."""
    return ratio(values, [1.0] * len(values), seed, empty=empty)


def quantile(per_clip: Sequence[np.ndarray], share: float, seed: int | None, *, empty: str) -> Estimate:
    """A quantile of all clips' values together; clips are resampled whole, since values of one clip go together.

    The quantile of n values is the one of rank ``ceil(share n)``; where ``share n`` is whole, the mean of that one
    and the next (so the median is the usual one). For ``seed`` and ``empty`` see :func:`ratio`.
    """
    owner = np.repeat(np.arange(len(per_clip)), [len(values) for values in per_clip])
    if not len(owner):
        return Estimate(None, reason=empty)
    values = np.concatenate(per_clip)
    order = np.argsort(values)
    value = float(_ranked(values[order], np.ones((1, len(values))), share)[0])
    if seed is None:
        return Estimate(value)
    drawn = _counts(len(per_clip), seed)[:, owner[order]]
    filled = drawn[drawn.any(axis=1)]
    return Estimate(value, _percentiles(_ranked(values[order], filled, share)), BOOTSTRAP)


def _ranked(values: np.ndarray, counts: np.ndarray, share: float) -> np.ndarray:
    """Quantile of sorted ``values`` ``(n,)``, each taken as often as each row of ``counts`` ``(rows, n)`` says."""
    reached = counts.cumsum(axis=1)
    rank = share * reached[:, -1:] - _ROUNDING
    low, high = (reached < rank).sum(axis=1), (reached < rank + 2 * _ROUNDING).sum(axis=1)
    return (values[low] + values[np.minimum(high, len(values) - 1)]) / 2


def _counts(n: int, seed: int) -> np.ndarray:
    """How often each of ``n`` clips is drawn in each resample, ``(RESAMPLES, n)``."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


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

"""Intervals of what the bootstrap cannot do, and chance levels: clips paired with the wrong partner."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil

import numpy as np

from phonofilm.estimate import Estimate
from phonofilm.parts import LeftOut

SHUFFLES = 20
GROUPS = 20
TOO_FEW = f"none: fewer than {2 * GROUPS} clips, of which a distance comes out too large"
"""Also a caution: small samples lie far from anything, so a distance of few clips is mostly that of their number."""
JACKKNIFE = (
    f"delete-a-group jackknife over clips, {GROUPS} groups, reference held; spread only, not the bias of few clips"
)


EXTRAPOLATED = (
    "delete-a-group jackknife of the straight line in 1 / clips through samples of n, 3 n / 4 and n / 2, "
    f"{GROUPS} groups, reference held"
)
_QUARTERS = 4
_SAMPLES = ((0, 1, 2, 3), (1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2), (0, 1), (2, 3))
"""Which quarters of the clips each sample takes: all, each three, and two halves without a clip in common."""
_NONE = -1

Statistic = Callable[[np.ndarray], float]
"""A number of some of the clips, by their indices ``(k,)``."""


def jackknife(n: int, statistic: Statistic, seed: int) -> Estimate:
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
        return Estimate(value, None, TOO_FEW, n=n, clips=n)
    group = _dealt(n, seed)
    without = np.array([statistic(np.flatnonzero(group != g)) for g in range(GROUPS)])
    parts = LeftOut(value, without, n)
    return Estimate(value, parts.interval(), JACKKNIFE, n=n, clips=n, parts=parts)


def extrapolated(n: int, statistic: Statistic, seed: int) -> Estimate:
    """The value at infinitely many clips of a statistic whose bias falls like 1 / n (Chong and Forsyth 2020).

    The statistic of all clips, of each three quarters and of two halves is averaged by size, and a straight line in
    1 / n is laid through the three. Chong and Forsyth draw 15 samples at random, from a tenth of the clips on; larger
    ones are taken here since smaller ones lie on a curve rather than a line, and dealt ones since they overlap least.
    The interval leaves each group of :func:`jackknife` out of all samples in turn.

    Args:
        n: number of clips, ``2 * GROUPS`` at least.
        statistic: of an array of clip indices.
        seed: of the dealing.
    """
    group = _dealt(n, seed)
    quarter = group * _QUARTERS // GROUPS

    @cache
    def point(sample: tuple[int, ...], left_out: int) -> tuple[float, float]:
        clips = np.flatnonzero(np.isin(quarter, sample) & (group != left_out))
        return 1 / len(clips), statistic(clips)

    def at_infinity(left_out: int) -> float:
        of = left_out * _QUARTERS // GROUPS
        points = [point(sample, left_out if of in sample else _NONE) for sample in _SAMPLES]
        return _intercept(np.array(points))

    parts = LeftOut(at_infinity(_NONE), np.array([at_infinity(g) for g in range(GROUPS)]), n)
    return Estimate(parts.value, parts.interval(), EXTRAPOLATED, n=n, clips=n, parts=parts)


def _dealt(n: int, seed: int) -> np.ndarray:
    """The group of each clip, ``(n,)``."""
    return np.random.default_rng(seed).permutation(n) % GROUPS


def _intercept(points: np.ndarray) -> float:
    """Where the straight line through the mean points ``(1 / n, value)`` of each size of sample meets 1 / n = 0."""
    sizes = np.array([len(sample) for sample in _SAMPLES])
    x, y = np.array([points[sizes == size].mean(axis=0) for size in np.unique(sizes)]).T
    return float(np.polyfit(x, y, 1)[1])


def derangements(n: int, seed: int) -> list[np.ndarray]:
    """``SHUFFLES`` random pairings ``(n,)`` in which no clip meets itself; none where ``n`` is below 2."""
    if n < 2:
        return []
    rng = np.random.default_rng(seed)
    return [_derangement(n, rng) for _ in range(SHUFFLES)]


def lasting(times: np.ndarray, own: float, seconds: float) -> np.ndarray:
    """Times of events in a sound of ``own`` seconds that is cut, or goes on from its beginning, to last ``seconds``.

    So a wrong pair of clips of different length has as many events a second as a true one.
    """
    if own == seconds:
        return times
    again = (own * np.arange(ceil(seconds / own))[:, None] + times).ravel()
    return again[again < seconds]


def _derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """Each clip meets the next one around a random circle."""
    circle = rng.permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[circle] = np.roll(circle, 1)
    return partner

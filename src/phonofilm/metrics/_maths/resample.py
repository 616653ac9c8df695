"""Intervals of what the bootstrap cannot do, and chance levels: clips paired with the wrong partner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phonofilm.estimate import Estimate, LeftOut

SHUFFLES = 20
GROUPS = 20
TOO_FEW = f"none: fewer than {2 * GROUPS} clips, of which a distance comes out too large"
"""Also a caution: small samples lie far from anything, so a distance of few clips is mostly that of their number."""
JACKKNIFE = f"delete-a-group jackknife over clips, {GROUPS} groups, reference held"


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
        return Estimate(value, None, TOO_FEW, n=n, clips=n)
    group = np.random.default_rng(seed).permutation(n) % GROUPS
    without = np.array([statistic(np.flatnonzero(group != g)) for g in range(GROUPS)])
    parts = LeftOut(value, without, n)
    return Estimate(value, parts.interval(), JACKKNIFE, n=n, clips=n, parts=parts)


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

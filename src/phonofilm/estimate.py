"""Numbers over clips with their intervals: clips are drawn again whole, since values of one clip go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
_ROUNDING = 1e-6  # of a rank
TOO_FEW = "none: it takes 2 clips that count"
BOOTSTRAP = f"percentile bootstrap over clips, {RESAMPLES} resamples"


@dataclass(frozen=True)
class Estimate:
    """A number over clips.

    Attributes:
        value: ``None`` where it cannot be had.
        interval: its 95 % interval, where one can be had.
        method: how the interval was made, or why there is none.
        reason: why there is no value.
        n: values it rests on.
        clips: clips that were drawn from.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    method: str = ""
    reason: str | None = None
    n: int = 0
    clips: int = 0


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int | None, *, empty: str) -> Estimate:
    """Sum over sum, with a bootstrap interval over clips.

    Args:
        numerators, denominators: one of each per clip.
        seed: of the resampling; ``None``: no interval.
        empty: the reason given where the denominators, which are counts of values, add up to nothing.
    """
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if bottom.sum() == 0:
        return Estimate(None, reason=empty)
    value, n = float(top.sum() / bottom.sum()), round(bottom.sum())
    if seed is None:
        return Estimate(value, n=n, clips=len(top))
    if np.count_nonzero(bottom) < 2:
        return Estimate(value, None, TOO_FEW, n=n, clips=len(top))
    drawn = _counts(len(top), seed)
    tops, bottoms = drawn @ top, drawn @ bottom
    interval = _percentiles(tops[bottoms > 0] / bottoms[bottoms > 0])
    return Estimate(value, interval, BOOTSTRAP, n=n, clips=len(top))


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
        return Estimate(value, n=len(values), clips=len(per_clip))
    if owner[0] == owner[-1]:
        return Estimate(value, None, TOO_FEW, n=len(values), clips=len(per_clip))
    drawn = _counts(len(per_clip), seed)[:, owner[order]]
    filled = drawn[drawn.any(axis=1)]
    interval = _percentiles(_ranked(values[order], filled, share))
    return Estimate(value, interval, BOOTSTRAP, n=len(values), clips=len(per_clip))


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

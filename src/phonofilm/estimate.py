"""Numbers over clips with their intervals: clips are drawn again whole, since values of one clip go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from phonofilm.bootstrap import BOOTSTRAP, percentiles, resampled
from phonofilm.parts import Parts, Peak, Ranks, Shares, owners

TOO_FEW = "none: it takes 2 clips that count"


@dataclass(frozen=True)
class Estimate:
    """A number over clips.

    Attributes:
        value: ``None`` where it cannot be had.
        interval: its 95 % interval, where one can be had.
        method: how the interval was made, or why there is none.
        reason: why there is no value.
        n: values it rests on.
        clips: clips that these values come from.
        parts: what it is made of, clip by clip.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    method: str = ""
    reason: str | None = None
    n: int = 0
    clips: int = 0
    parts: Parts | None = field(default=None, compare=False)


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int | None, *, empty: str) -> Estimate:
    """Sum over sum, with a bootstrap interval over clips.

    Args:
        numerators, denominators: one of each per clip.
        seed: of the resampling; ``None``: no interval.
        empty: the reason given where the denominators, which are counts of values, add up to nothing.
    """
    parts = Shares(np.asarray(numerators, np.float64), np.asarray(denominators, np.float64))
    top, bottom = parts.tops, parts.bottoms
    if bottom.sum() == 0:
        return Estimate(None, reason=empty)
    value, n, clips = parts.value, round(bottom.sum()), int(np.count_nonzero(bottom))
    if seed is None:
        return Estimate(value, n=n, clips=clips)
    if clips < 2:
        return Estimate(value, None, TOO_FEW, n=n, clips=clips, parts=parts)
    interval = percentiles(resampled(parts, len(top), seed), clips)
    return Estimate(value, interval, BOOTSTRAP, n=n, clips=clips, parts=parts)


def mean(values: Sequence[float], seed: int, *, empty: str) -> Estimate:
    """Mean over clips with a bootstrap interval."""
    return ratio(values, [1.0] * len(values), seed, empty=empty)


def quantile(per_clip: Sequence[np.ndarray], share: float, seed: int | None, *, empty: str) -> Estimate:
    """A quantile of all clips' values together; clips are resampled whole, since values of one clip go together.

    The quantile of n values is the one of rank ``ceil(share n)``; where ``share n`` is whole, the mean of that one
    and the next (so the median is the usual one). For ``seed`` and ``empty`` see :func:`ratio`.
    """
    clips, owner = sum(len(values) > 0 for values in per_clip), owners(per_clip)
    if not len(owner):
        return Estimate(None, reason=empty)
    parts = Ranks(per_clip, share)
    value = parts.value
    if seed is None:
        return Estimate(value, n=len(owner), clips=clips)
    if clips < 2:
        return Estimate(value, None, TOO_FEW, n=len(owner), clips=clips, parts=parts)
    interval = percentiles(resampled(parts, len(per_clip), seed), clips)
    return Estimate(value, interval, BOOTSTRAP, n=len(owner), clips=clips, parts=parts)


def peak(curves: np.ndarray, at: np.ndarray, seed: int, *, empty: str) -> Estimate:
    """Where the sum of all clips' curves is highest, with a bootstrap interval over the clips that have a curve.

    Args:
        curves: ``(clips, k)``; 0 throughout of a clip that says nothing.
        at: what the places stand for, ``(k,)``.
        seed: of the resampling.
        empty: the reason given where no clip says anything.
    """
    telling = Peak(curves[curves.any(axis=1)], at)
    n = len(telling.curves)
    if not n:
        return Estimate(None, reason=empty)
    parts = Peak(curves.astype(np.float32), at)
    if n < 2:
        return Estimate(telling.value, None, TOO_FEW, n=n, clips=n, parts=parts)
    interval = percentiles(resampled(telling, n, seed), n)
    return Estimate(telling.value, interval, BOOTSTRAP, n=n, clips=n, parts=parts)

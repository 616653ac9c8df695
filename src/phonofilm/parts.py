"""What a number over clips is made of, clip by clip: so it can be drawn again, and compared with another one's."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from scipy.stats import t as student

from phonofilm.bootstrap import Drawable, percentiles, resampled

_ROUNDING = 1e-6  # of a rank, and of a peak, since curves are kept as float32


class Parts(Protocol):
    """What a number over clips was made of, clip by clip, so that it can be compared with another's.

    Attributes:
        pooled: what clips hold is put together, some holding more than others, so that beside another set's number
            one of all clips stands, and not of those alone that count in both.
    """

    pooled: ClassVar[bool]

    @property
    def telling(self) -> np.ndarray:
        """Which clips count, ``(clips,)`` of truth values."""
        ...

    @property
    def value(self) -> float:
        """The number; nan where the clips give none."""
        ...

    def of(self, places: Sequence[int]) -> Parts | None:
        """The parts of these clips, in this order; ``None`` where clips cannot be told apart any more."""
        ...

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """95 % interval of this number minus another one of the same clips in the same order.

        Args:
            other: what is taken away.
            seed: of the resampling.
            size: of this number's size minus the other one's, whatever their signs.

        Returns:
            ``None`` if the other one is of another kind or of another number of clips, or if the clips give no value.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, which :func:`parts_from_json` reads."""
        ...


@dataclass(frozen=True, eq=False)
class Shares:
    """A sum over clips divided by another one.

    Attributes:
        tops, bottoms: ``(clips,)``.
    """

    tops: np.ndarray
    bottoms: np.ndarray
    pooled: ClassVar[bool] = True

    @property
    def telling(self) -> np.ndarray:
        """Clips that add to what is divided by."""
        return self.bottoms != 0

    @property
    def value(self) -> float:
        """The number."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.tops.sum() / self.bottoms.sum())

    def of(self, places: Sequence[int]) -> Shares:
        """The parts of these clips."""
        chosen = np.asarray(places, np.int64)
        return Shares(self.tops[chosen], self.bottoms[chosen])

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where nothing is divided by."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (counts @ self.tops) / (counts @ self.bottoms)

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a paired bootstrap."""
        return _paired(self, other, seed, size) if isinstance(other, Shares) else None

    def to_json(self) -> dict[str, Any]:
        """``tops`` and ``bottoms``."""
        return {"tops": self.tops.tolist(), "bottoms": self.bottoms.tolist()}


@dataclass(frozen=True, eq=False)
class Ranks:
    """A quantile of all clips' values together.

    Attributes:
        per_clip: the values of each clip, ``(k,)``.
        share: which quantile.
    """

    per_clip: Sequence[np.ndarray]
    share: float
    pooled: ClassVar[bool] = True

    @property
    def telling(self) -> np.ndarray:
        """Clips that have values."""
        return np.array([len(values) > 0 for values in self.per_clip], bool)

    @property
    def value(self) -> float:
        """The number."""
        return float(self.redrawn(np.ones((1, len(self.per_clip))))[0])

    def of(self, places: Sequence[int]) -> Ranks:
        """The parts of these clips."""
        return Ranks([self.per_clip[place] for place in places], self.share)

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where there is no value."""
        values = np.concatenate(self.per_clip)
        order = np.argsort(values)
        drawn = counts[:, owners(self.per_clip)[order]]
        filled = drawn.any(axis=1)
        found = np.full(len(counts), np.nan)
        found[filled] = _ranked(values[order], drawn[filled], self.share)
        return found

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a paired bootstrap."""
        if not isinstance(other, Ranks) or other.share != self.share:
            return None
        return _paired(self, other, seed, size)

    def to_json(self) -> dict[str, Any]:
        """``values`` of each clip and ``share``."""
        return {"values": [values.tolist() for values in self.per_clip], "share": self.share}


@dataclass(frozen=True, eq=False)
class Peak:
    """Where the sum of all clips' curves is highest.

    Attributes:
        curves: ``(clips, k)``; a clip whose curve is 0 throughout says nothing.
        at: what the places of the curves stand for, ``(k,)``.
    """

    curves: np.ndarray
    at: np.ndarray
    pooled: ClassVar[bool] = False

    @property
    def telling(self) -> np.ndarray:
        """Clips that have a curve."""
        return np.asarray(self.curves.any(axis=1))

    @property
    def value(self) -> float:
        """The number."""
        return float(self.redrawn(np.ones((1, len(self.curves))))[0])

    def of(self, places: Sequence[int]) -> Peak:
        """The parts of these clips."""
        return Peak(self.curves[np.asarray(places, np.int64)], self.at)

    def redrawn(self, counts: np.ndarray) -> np.ndarray:
        """The number with clip i taken ``counts[row, i]`` times, for each row; nan where no curve says anything.

        Of places that are as high but for rounding, as those of regular beats, the one nearest zero.
        """
        sums = counts @ self.curves.astype(np.float64)
        least = sums.max(axis=1, keepdims=True) - _ROUNDING * np.abs(sums).max(axis=1, keepdims=True)
        nearest = np.where(sums >= least, np.abs(self.at), np.inf).argmin(axis=1)
        return np.where(sums.any(axis=1), self.at[nearest], np.nan)

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a paired bootstrap."""
        if not isinstance(other, Peak) or not np.array_equal(other.at, self.at):
            return None
        return _paired(self, other, seed, size)

    def to_json(self) -> dict[str, Any]:
        """``at``, and ``curves`` as base64 of little-endian float32: plain numbers would fill many megabytes."""
        return {"curves": b64encode(self.curves.astype("<f4").tobytes()).decode(), "at": self.at.tolist()}


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A number without each group of clips in turn, as the jackknife wants it.

    Attributes:
        value: with all of them.
        without: ``(groups,)``.
        clips: how many there are; they were dealt into groups by their places.
    """

    value: float
    without: np.ndarray
    clips: int
    pooled: ClassVar[bool] = False

    @property
    def telling(self) -> np.ndarray:
        """All of them."""
        return np.ones(self.clips, bool)

    def of(self, places: Sequence[int]) -> LeftOut | None:
        """These same parts if all clips are chosen in their order."""
        return self if list(places) == list(range(self.clips)) else None

    def interval(self) -> tuple[float, float]:
        """The 95 % interval, by Student's t."""
        groups = len(self.without)
        spread = np.sqrt((groups - 1) / groups * ((self.without - self.without.mean()) ** 2).sum())
        reach = float(student.ppf(0.975, groups - 1) * spread)
        return self.value - reach, self.value + reach

    def minus(self, other: Parts, seed: int, size: bool = False) -> tuple[float, float] | None:
        """See :class:`Parts`; a jackknife of the difference."""
        if not isinstance(other, LeftOut) or (other.clips, len(other.without)) != (self.clips, len(self.without)):
            return None
        value = _sized(np.array(self.value), size) - _sized(np.array(other.value), size)
        without = _sized(self.without, size) - _sized(other.without, size)
        return LeftOut(float(value), without, self.clips).interval()

    def to_json(self) -> dict[str, Any]:
        """``value``, ``without`` and ``clips``."""
        return {"value": self.value, "without": self.without.tolist(), "clips": self.clips}


def parts_from_json(row: Mapping[str, Any]) -> Parts:
    """What ``to_json`` of any kind of parts gave.

    Raises:
        KeyError, TypeError, ValueError: if it did not.
    """
    if "tops" in row:
        return Shares(np.asarray(row["tops"], np.float64), np.asarray(row["bottoms"], np.float64))
    if "values" in row:
        return Ranks([np.asarray(values, np.float64) for values in row["values"]], float(row["share"]))
    if "curves" in row:
        at = np.asarray(row["at"], np.float64)
        return Peak(np.frombuffer(b64decode(row["curves"]), "<f4").reshape(-1, len(at)), at)
    return LeftOut(float(row["value"]), np.asarray(row["without"], np.float64), int(row["clips"]))


def owners(per_clip: Sequence[np.ndarray]) -> np.ndarray:
    """The clip of each value, ``(values,)``."""
    return np.repeat(np.arange(len(per_clip)), [len(values) for values in per_clip])


class _Drawn(Parts, Drawable, Protocol):
    """Parts that a bootstrap can draw again."""


def _ranked(values: np.ndarray, counts: np.ndarray, share: float) -> np.ndarray:
    """Quantile of sorted ``values`` ``(n,)``, each taken as often as each row of ``counts`` ``(rows, n)`` says."""
    reached = counts.cumsum(axis=1)
    rank = share * reached[:, -1:] - _ROUNDING
    low, high = (reached < rank).sum(axis=1), (reached < rank + 2 * _ROUNDING).sum(axis=1)
    return (values[low] + values[np.minimum(high, len(values) - 1)]) / 2


def _paired(one: _Drawn, other: _Drawn, seed: int, size: bool) -> tuple[float, float] | None:
    """Both numbers on the same draws of the same clips, and their difference.

    A single clip that counts would be the same in every draw, and look certain.
    """
    n, counting = len(one.telling), min(one.telling.sum(), other.telling.sum())
    if n != len(other.telling) or counting < 2:
        return None
    drawn = [_sized(resampled(parts, n, seed), size) for parts in (one, other)]
    return percentiles(drawn[0] - drawn[1], int(counting))


def _sized(values: np.ndarray, size: bool) -> np.ndarray:
    """The values, or their sizes."""
    return np.abs(values) if size else values

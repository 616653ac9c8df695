"""The squared maximum mean discrepancy (MMD) between two sets of feature vectors (Gretton et al. 2012)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.spatial.distance import pdist

from phonofilm.errors import SettingError

ROWS = 1024
"""Rows of a kernel matrix that are in memory at a time."""
FEW = 1024
"""Vectors all of whose distances are looked at together."""
BINS = 2**16
CLOSE = 1e-9
"""How far the squared median distance of more vectors may be off, as a share of itself."""
NOTHING = 1e-16
"""Share of the greatest squared distance below which one is nothing but rounding."""
KAD_EPSILON = 1e-8
"""Added by kadtk to twice the squared bandwidth."""


class Kernel(Protocol):
    """A positive definite similarity of vectors."""

    def __call__(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Of all vectors ``(n, d)`` with all vectors ``(m, d)``: ``(n, m)``."""
        ...

    def alone(self, vectors: np.ndarray) -> np.ndarray:
        """Of each vector with itself, ``(n,)``."""
        ...


@dataclass(frozen=True)
class Polynomial:
    """``(x.y / d + 1)^3``, of KID (Binkowski et al. 2018, section 4) and KVD."""

    degree: int = 3
    constant: float = 1.0

    def __call__(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """See :class:`Kernel`."""
        return (one @ other.T / one.shape[1] + self.constant) ** self.degree

    def alone(self, vectors: np.ndarray) -> np.ndarray:
        """See :class:`Kernel`."""
        return ((vectors**2).mean(axis=1) + self.constant) ** self.degree


@dataclass(frozen=True)
class Rbf:
    """``exp(-|x - y|^2 / (2 bandwidth^2 + 1e-8))``, of KAD (arXiv 2502.15602) as kadtk computes it."""

    bandwidth: float

    @classmethod
    def by_median(cls, reference: np.ndarray) -> Rbf:
        """With the median distance between two different vectors of the reference ``(m, d)``, at least two of them.

        Of an even number of distances it is the lower one of the two in the middle, as torch has it.
        """
        return cls(_median_apart(_checked(reference)))

    def __call__(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """See :class:`Kernel`."""
        return np.exp(-_apart(one, other) / (2 * self.bandwidth**2 + KAD_EPSILON))

    def alone(self, vectors: np.ndarray) -> np.ndarray:
        """See :class:`Kernel`."""
        return np.ones(len(vectors))


def _median_apart(vectors: np.ndarray) -> float:
    """The (lower) median distance between two different ones of the vectors."""
    middle = (len(vectors) * (len(vectors) - 1) // 2 - 1) // 2
    if len(vectors) <= FEW:
        return float(np.partition(pdist(vectors), middle)[middle])
    centred = vectors - vectors.mean(axis=0)
    most = 4 * float((centred**2).sum(axis=1).max())  # no two are further apart than twice the farthest from the mean
    low, high = 0.0, most
    while high - low > max(CLOSE * low, NOTHING * most):
        counts, edges = _squares_counted(centred, low, high)
        place = int(np.searchsorted(counts.cumsum(), middle, side="right"))
        middle -= int(counts[:place].sum())
        low, high = float(edges[place]), float(edges[place + 1])
    return low**0.5


def _squares_counted(vectors: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """How many squared distances of pairs are in each of even bins from ``low`` to ``high``, and the bins' edges."""
    edges = np.linspace(low, high, BINS + 1)
    counts = np.zeros(BINS, np.int64)
    for start in range(0, len(vectors), ROWS):
        some = vectors[start : start + ROWS]
        squares = _apart(some, vectors[start:])
        squares[np.tril_indices(len(some))] = -1  # each pair once, none of a vector with itself
        counts += np.histogram(squares, BINS, (low, high))[0]
    return counts, edges


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared distances ``(n, m)``."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.maximum(squares, 0)


@dataclass(frozen=True, eq=False)
class ClipSums:
    """Kernel values of the vectors of clips, summed clip by clip, so that MMD of any of the clips is a few sums.

    Attributes:
        rows: vectors of each clip, ``(n,)``.
        among: sums of the kernel over all vectors of two clips, ``(n, n)``.
        alone: sums of ``k(x, x)`` over the vectors of a clip, ``(n,)``.
        across: sums over the vectors of a clip and all of the reference, ``(n,)``.
        reference: mean of the kernel over pairs of different reference vectors.
        against: number of reference vectors.
    """

    rows: np.ndarray
    among: np.ndarray
    alone: np.ndarray
    across: np.ndarray
    reference: float
    against: int

    @classmethod
    def of(cls, own: Sequence[np.ndarray], reference: np.ndarray, kernel: Kernel) -> ClipSums:
        """Of the vectors of each clip ``(k, d)``, ``k`` at least 1, and reference vectors ``(m, d)``, at least 2."""
        rows = np.array([len(one) for one in own])
        starts = np.concatenate([[0], rows.cumsum()[:-1]])
        vectors, true = _checked(np.concatenate(own)), _checked(reference)
        by_row = np.concatenate([np.add.reduceat(part, starts, axis=1) for part in _parts(vectors, vectors, kernel)])
        across = np.concatenate([part.sum(axis=1) for part in _parts(vectors, true, kernel)])
        return cls(
            rows,
            np.add.reduceat(by_row, starts, axis=0),
            np.add.reduceat(kernel.alone(vectors), starts),
            np.add.reduceat(across, starts),
            (_total(true, true, kernel) - kernel.alone(true).sum()) / (len(true) * (len(true) - 1)),
            len(true),
        )

    def mmd2(self, clips: np.ndarray) -> float:
        """Unbiased MMD^2 between the vectors of these clips, two at least, and the reference; may be below 0."""
        count = self.rows[clips].sum()
        within = self.among[np.ix_(clips, clips)].sum() - self.alone[clips].sum()
        between = self.across[clips].sum() / (count * self.against)
        return float(within / (count * (count - 1)) + self.reference - 2 * between)


def mmd2(features: np.ndarray, reference: np.ndarray, kernel: Kernel, *, biased: bool = False) -> float:
    """MMD^2, in float64.

    Args:
        features, reference: ``(n, d)`` and ``(m, d)``, at least two vectors each.
        kernel: such as :class:`Polynomial` or :class:`Rbf`.
        biased: the V-statistic, which counts each vector's likeness to itself and is never below 0; otherwise the
            U-statistic, which is right on average, and may be below 0.

    Raises:
        SettingError: for fewer vectors, or values that are not finite.
    """
    one, other = _checked(features), _checked(reference)
    between = _total(one, other, kernel) / (len(one) * len(other))
    return _within(one, kernel, biased) + _within(other, kernel, biased) - 2 * between


def _within(vectors: np.ndarray, kernel: Kernel, biased: bool) -> float:
    count, total = len(vectors), _total(vectors, vectors, kernel)
    if biased:
        return total / count**2
    return (total - float(kernel.alone(vectors).sum())) / (count * (count - 1))


def _parts(one: np.ndarray, other: np.ndarray, kernel: Kernel) -> Iterator[np.ndarray]:
    """A kernel matrix in groups of rows."""
    return (kernel(one[start : start + ROWS], other) for start in range(0, len(one), ROWS))


def _total(one: np.ndarray, other: np.ndarray, kernel: Kernel) -> float:
    return float(sum(part.sum() for part in _parts(one, other, kernel)))


def _checked(vectors: np.ndarray) -> np.ndarray:
    if vectors.ndim != 2 or len(vectors) < 2:
        raise SettingError(f"a kernel distance needs two sets of at least 2 vectors, got one of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise SettingError("a kernel distance needs finite features: look for clips that break their extractor")
    return vectors.astype(np.float64)

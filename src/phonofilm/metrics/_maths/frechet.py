"""The Frechet distance between two sets of feature vectors, taken as Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phonofilm.errors import SettingError


@dataclass(frozen=True, eq=False)
class Gaussian:
    """What the distance needs of a set of vectors, float64.

    Attributes:
        mean: ``(d,)``.
        factor: upper triangular ``R`` with ``R'R`` the unbiased covariance, ``(min(n, d), d)``.
    """

    mean: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Gaussian:
        """Of ``(n, d)``.

        Raises:
            SettingError: for fewer than two vectors, or values that are not finite.
        """
        if vectors.ndim != 2 or len(vectors) < 2:
            raise SettingError(
                f"a Frechet distance needs two sets of at least 2 vectors, got one of shape {vectors.shape}: give "
                "(n, d) and (m, d)"
            )
        if not np.isfinite(vectors).all():
            raise SettingError("a Frechet distance needs finite features: look for clips that break their extractor")
        mean = vectors.mean(axis=0, dtype=np.float64)
        centred = (vectors - mean) / np.sqrt(len(vectors) - 1)
        return cls(mean, np.asarray(np.linalg.qr(centred, mode="r")))

    def distance(self, other: Gaussian) -> float:
        """See :func:`frechet`.

        Raises:
            SettingError: for another dimension.
        """
        if self.mean.shape != other.mean.shape:
            raise SettingError(
                f"a Frechet distance needs vectors of one dimension, got {len(self.mean)} and {len(other.mean)}: take "
                "both from one extractor"
            )
        apart = self.mean - other.mean
        cross = np.linalg.svd(self.factor @ other.factor.T, compute_uv=False).sum()
        spread = (self.factor**2).sum() + (other.factor**2).sum()
        return max(0.0, float(apart @ apart + spread - 2 * cross))


def frechet(features: np.ndarray, reference: np.ndarray) -> float:
    """``|m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2))`` (Dowson and Landau 1982), in float64.

    With ``A`` and ``B`` the centred features over ``sqrt(n - 1)``, so that ``C1 = A'A`` and ``C2 = B'B``, the last
    trace is the sum of the singular values of ``A B'``, or of ``R S'`` with ``R``, ``S`` the triangular factors of
    ``A``, ``B``. No covariance is formed or rooted, so nothing is lost where there are fewer vectors than
    dimensions.

    Args:
        features, reference: ``(n, d)`` and ``(m, d)``, at least two vectors each.

    Returns:
        The distance; 0 for equal sets up to rounding, never below.

    Raises:
        SettingError: for fewer vectors, different dimensions, or values that are not finite.
    """
    return Gaussian.of(features).distance(Gaussian.of(reference))


def frechet_to(reference: np.ndarray) -> Callable[[np.ndarray], float]:
    """:func:`frechet` of any features to one reference, which is factored once."""
    fixed = Gaussian.of(reference)
    return lambda features: Gaussian.of(features).distance(fixed)

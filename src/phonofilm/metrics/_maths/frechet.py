"""The Frechet distance between two sets of feature vectors, taken as Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.errors import SettingError


@dataclass(frozen=True, eq=False)
class Gaussian:
    """What the distance needs of a set of vectors, float64.

    Attributes:
        mean: ``(d,)``.
        factor: upper triangular ``R`` with ``R'R`` the covariance, ``(min(n, d), d)``.
    """

    mean: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, ddof: int = 1) -> Gaussian:
        """Of ``(n, d)``, the covariance divided by ``n - ddof``.

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
        centred = (vectors - mean) / np.sqrt(len(vectors) - ddof)
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


def frechet(features: np.ndarray, reference: np.ndarray, ddof: int = 1) -> float:
    """``|m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2))`` (Dowson and Landau 1982), in float64.

    With ``A`` and ``B`` the centred features over ``sqrt(n - ddof)``, so that ``C1 = A'A`` and ``C2 = B'B``, the last
    trace is the sum of the singular values of ``A B'``, or of ``R S'`` with ``R``, ``S`` the triangular factors of
    ``A``, ``B``. No covariance is formed or rooted, so nothing is lost where there are fewer vectors than
    dimensions.

    Args:
        features, reference: ``(n, d)`` and ``(m, d)``, at least two vectors each.
        ddof: covariances are divided by ``n - ddof``: 1 as ``numpy.cov`` does, and nearly all public code; 0 where the
            code that gave a form its name divides by ``n``.

    Returns:
        The distance; 0 for equal sets up to rounding, never below.

    Raises:
        SettingError: for fewer vectors, different dimensions, or values that are not finite.
    """
    return Gaussian.of(features, ddof).distance(Gaussian.of(reference, ddof))


class ClipMoments:
    """What :func:`frechet` of any of many clips from one reference needs, gathered once.

    With ``M`` the clips' vectors times ``S'`` of the reference, the singular values that a choice of clips needs are
    the roots of the eigenvalues of its centred ``M'M``, or of ``M M'`` where that is smaller. The first is that of all
    clips less that of those left out, the second a part of that of all clips. Such roots are good to some 1e-7 of the
    distance; the distance of all clips goes the exact way.

    Args:
        own: vectors of each clip, ``(k, d)``; ``k`` may differ.
        reference: what they are measured against.
        ddof: see :func:`frechet`.
    """

    def __init__(self, own: Sequence[np.ndarray], reference: Gaussian, ddof: int = 1) -> None:
        vectors = np.concatenate(own)
        self._whole, self._reference, self._ddof = Gaussian.of(vectors, ddof), reference, ddof
        self._owner = np.repeat(np.arange(len(own)), [len(one) for one in own])
        self._vectors = vectors - self._whole.mean
        self._moved = self._vectors @ reference.factor.T
        self._narrow = self._moved.shape[1] <= len(self._moved)
        self._products = self._moved.T @ self._moved if self._narrow else self._moved @ self._moved.T

    def distance(self, clips: np.ndarray) -> float:
        """Of the clips with these indices, of two vectors at least."""
        chosen = np.isin(self._owner, clips)
        if chosen.all():
            return self._whole.distance(self._reference)
        divisor, some = np.count_nonzero(chosen) - self._ddof, self._vectors[chosen]
        mean = some.mean(axis=0)
        apart = mean + self._whole.mean - self._reference.mean
        spread = ((some - mean) ** 2).sum() / divisor + (self._reference.factor**2).sum()
        cross = np.sqrt(np.maximum(np.linalg.eigvalsh(self._centred(chosen)), 0)).sum() / np.sqrt(divisor)
        return max(0.0, float(apart @ apart + spread - 2 * cross))

    def _centred(self, chosen: np.ndarray) -> np.ndarray:
        """``M'M`` or ``M M'`` of the chosen rows less their mean."""
        if not self._narrow:
            some = self._products[np.ix_(chosen, chosen)]
            return some - some.mean(axis=0) - some.mean(axis=1)[:, None] + some.mean()
        some, rest = self._moved[chosen], self._moved[~chosen]
        products = some.T @ some if len(some) <= len(rest) else self._products - rest.T @ rest
        return products - np.outer(some.sum(axis=0), some.mean(axis=0))

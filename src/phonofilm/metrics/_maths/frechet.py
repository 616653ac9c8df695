"""The Frechet distance between two sets of feature vectors, taken as Gaussian."""

from __future__ import annotations

import numpy as np

from phonofilm.errors import SettingError


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
    for vectors in (features, reference):
        if vectors.ndim != 2 or len(vectors) < 2 or vectors.shape[1] != features.shape[1]:
            raise SettingError(
                f"a Frechet distance needs two sets of at least 2 vectors of one dimension, got {features.shape} "
                f"and {reference.shape}: give (n, d) and (m, d)"
            )
        if not np.isfinite(vectors).all():
            raise SettingError("a Frechet distance needs finite features: look for clips that break their extractor")
    one, other = _factor(features), _factor(reference)
    means = features.mean(axis=0, dtype=np.float64) - reference.mean(axis=0, dtype=np.float64)
    cross = np.linalg.svd(one @ other.T, compute_uv=False).sum()
    return max(0.0, float(means @ means + (one**2).sum() + (other**2).sum() - 2 * cross))


def _factor(vectors: np.ndarray) -> np.ndarray:
    """Upper triangular ``R`` with ``R'R`` the unbiased covariance."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    return np.asarray(np.linalg.qr(centred / np.sqrt(len(vectors) - 1), mode="r"))

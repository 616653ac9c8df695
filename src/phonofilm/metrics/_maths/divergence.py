"""Kullback-Leibler divergences of class probabilities, and the Inception score that is made of them; in float64."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.special import log_softmax, softmax, xlogy

FLOOR = 1e-6


def kl(logits: np.ndarray, true: np.ndarray) -> float:
    """``KL(true || generated)`` in nats of two distributions given by their logits ``(c,)``, as av-benchmark has it."""
    p, log_p = _probabilities(true)
    return float((p * (log_p - _probabilities(logits)[1])).sum())


def floored_kl(logits: np.ndarray, true: np.ndarray) -> float:
    """The same with ``log(q + 1e-6)`` in place of ``log q``, as audioldm_eval has it: it cannot pass 13.8 nats.

    Equal distributions are slightly below 0.
    """
    p, q = softmax(true.astype(np.float64)), softmax(logits.astype(np.float64))
    return float((xlogy(p, p) - p * np.log(q + FLOOR)).sum())


def inception(logits: np.ndarray, splits: int = 1) -> tuple[float, float]:
    """Mean and standard deviation over splits of ``exp(mean KL(p(y|x) || p(y)))`` (Salimans et al. 2016).

    Args:
        logits: ``(n, c)``; a split is a stretch of neighbours.
        splits: at most ``n``.
    """
    p, log_p = _probabilities(logits)
    bounds = [i * len(p) // splits for i in range(splits + 1)]
    found = [_inception(p[low:high], log_p[low:high]) for low, high in pairwise(bounds)]
    return float(np.mean(found)), float(np.std(found))


def _inception(p: np.ndarray, log_p: np.ndarray) -> float:
    """Of one split; a class that nothing belongs to adds nothing."""
    return float(np.exp((p * log_p - xlogy(p, p.mean(axis=0))).sum(axis=1).mean()))


def _probabilities(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Softmax over the last axis and its logarithm."""
    logarithm = log_softmax(logits.astype(np.float64), axis=-1)
    return np.exp(logarithm), logarithm

"""Distances between two sets of clips whose features are at hand: seconds with all intervals and ceilings.

    python bench/frechet_speed.py [--pairs 2048] [--threads 2] [--write FILE.md]

Random features as published networks give them: 400 logits a clip (I3D: FVD and KVD), 128 values of each of two patches
a clip (VGGish), 1,024 of each of four (YAMNet), 2,048 values a clip (PANNs). The time is that of ``Metric.scores``: the
value, the 20 groups of the jackknife, the value at infinitely many clips with its interval (Frechet, where there are
enough vectors), and the ceiling. Beside it stands one plain distance, alone, by the matrix square root of scipy.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import _results
import numpy as np
from scipy.linalg import sqrtm
from threadpoolctl import threadpool_limits

from phonofilm.metrics import About, Source
from phonofilm.metrics._features.yamnet import Yamnet
from phonofilm.metrics._kinds.set_distance import FrechetDistance, KernelDistance, SetDistance
from phonofilm.metrics._maths.mmd import Kernel, Polynomial, Rbf

SOURCE = Source("this benchmark")
NEVER: Any = None
"""Nothing is read of clips here."""


class Frechet(FrechetDistance):
    """Any Frechet distance."""

    name, version, source, extractor = "frechet", 1, SOURCE, Yamnet


class Kvd(KernelDistance):
    """As KVD and KID."""

    name, version, source, extractor = "kvd", 1, SOURCE, Yamnet

    def kernel(self, reference: np.ndarray) -> Kernel:
        """Polynomial."""
        return Polynomial()


class Kad(KernelDistance):
    """As KAD."""

    name, version, source, extractor = "kad", 1, SOURCE, Yamnet

    def kernel(self, reference: np.ndarray) -> Kernel:
        """Gaussian."""
        return Rbf.by_median(reference)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2, help="of linear algebra")
    _results.add_write(parser)
    given = parser.parse_args()
    with threadpool_limits(given.threads):
        result = {
            "pairs": given.pairs,
            "threads": given.threads,
            "400 values a clip": {
                **{f"{kind.name}, s": seconds(kind, given.pairs, 1, 400) for kind in (Frechet, Kvd, Kad)},
                "one Frechet distance by scipy's matrix square root, s": textbook(given.pairs, 400),
            },
            "2 x 128 values a clip": {f"{kind.name}, s": seconds(kind, given.pairs, 2, 128) for kind in (Frechet, Kad)},
            "4 x 1,024 values a clip": {
                f"{kind.name}, s": seconds(kind, given.pairs, 4, 1024) for kind in (Frechet, Kad)
            },
            "2,048 values a clip": {f"{kind.name}, s": seconds(kind, given.pairs, 1, 2048) for kind in (Frechet, Kad)},
        }
    note = "Distances of as many clips from as many reference clips, features at hand, with intervals and ceilings."
    _results.publish("frechet-speed", "Distances between sets of clips", note, result, given.write)


def seconds(kind: type[SetDistance], pairs: int, rows: int, dimensions: int) -> dict[str, float]:
    """Time of all scores of a metric."""
    own, true = (features(pairs, rows, dimensions, seed) for seed in (0, 1))
    metric = kind(NEVER, About())
    return timed(lambda: metric.scores(own, true, 0))


def features(clips: int, rows: int, dimensions: int, seed: int) -> list[np.ndarray]:
    """Random features whose directions differ in size, as those of networks do."""
    sizes = np.arange(1, dimensions + 1) ** -0.5
    found = np.random.default_rng(seed).standard_normal((clips, rows, dimensions)) * sizes
    return list(found.astype(np.float32))


def textbook(pairs: int, dimensions: int) -> dict[str, float]:
    """Time of one Frechet distance as most public code computes it."""
    own, true = (np.concatenate(features(pairs, 1, dimensions, seed)).astype(np.float64) for seed in (0, 1))

    def distance() -> float:
        one, other = np.cov(own, rowvar=False), np.cov(true, rowvar=False)
        apart = own.mean(axis=0) - true.mean(axis=0)
        return float(apart @ apart + np.trace(one + other - 2 * sqrtm(one @ other).real))

    return timed(distance)


def timed(run: Callable[[], object]) -> dict[str, float]:
    """Seconds of a run: on the clock, and of all threads together."""
    start, busy = time.perf_counter(), time.process_time()
    run()
    return {"wall": time.perf_counter() - start, "CPU": time.process_time() - busy}


if __name__ == "__main__":
    main()

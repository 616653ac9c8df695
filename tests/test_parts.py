from __future__ import annotations

import tracemalloc

import numpy as np

from phonofilm import bootstrap
from phonofilm.bootstrap import RESAMPLES, resampled
from phonofilm.parts import Ranks, Shares


def test_resamples_do_not_depend_on_how_many_are_looked_at_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    shares, ranks = Shares(rng.random(13), rng.random(13)), Ranks([rng.random(k % 3) for k in range(13)], 0.9)
    whole = [resampled(one, 13, 5) for one in (shares, ranks)]
    assert all(len(one) == RESAMPLES and one.std() > 0 for one in whole)
    for size in (1, 13 * 7, 13 * RESAMPLES):
        monkeypatch.setattr(bootstrap, "BLOCK", size)
        for found, wanted in zip((shares, ranks), whole, strict=True):
            np.testing.assert_allclose(resampled(found, 13, 5), wanted, rtol=1e-12)


def test_the_bootstrap_takes_little_memory_of_each_clip():
    """All resamples of 4,000 clips with four values each at once would take 250 MiB and more."""
    rng = np.random.default_rng(0)
    ranks = Ranks([rng.random(4) for _ in range(4000)], 0.5)
    tracemalloc.start()
    resampled(ranks, 4000, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20

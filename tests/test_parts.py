from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from phonofilm import bootstrap
from phonofilm.bootstrap import RESAMPLES, resampled
from phonofilm.parts import LeftOut, Ranks, Shares


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


@pytest.mark.parametrize(("groups", "reach"), [(20, 2.093024 * 19**0.5), (2, 12.706205)])
def test_the_interval_of_a_jackknife_is_the_one_worked_out_by_hand(groups, reach):
    """Half of the groups lack 1, half 1 more: ``(g - 1) / g * g`` is squared, times Student's t of tables."""
    without = np.repeat([4.0, 6.0], groups // 2)
    assert LeftOut(7.0, without, 80).interval() == pytest.approx((7 - reach, 7 + reach), rel=1e-6)

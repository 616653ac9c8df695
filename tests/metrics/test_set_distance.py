import numpy as np
import pytest

from phonofilm.metrics import About, Source
from phonofilm.metrics._kinds.set_distance import FrechetDistance, KernelDistance, PooledDistance, SetDistance
from phonofilm.metrics._maths.frechet import frechet
from phonofilm.metrics._maths.mmd import Polynomial, Rbf, mmd2

RNG = np.random.default_rng(0)
OWN = [0.3 + RNG.standard_normal((1 + i % 3, 4)) for i in range(60)]
TRUE = [RNG.standard_normal((2, 4)) for _ in range(51)]


class Seen:
    published = None


class Plain(PooledDistance):
    name, version, source, extractor = "plain", 1, Source("-"), Seen

    def distance(self, features, reference):
        return frechet(features, reference)


class Fd(FrechetDistance):
    name, version, source, extractor, scale, unit = "fd", 1, Source("-"), Seen, 100.0, "x 100"


class Kd(KernelDistance):
    name, version, source, extractor = "kd", 1, Source("-"), Seen

    def kernel(self, reference):
        return Polynomial()


class Kad(KernelDistance):
    name, version, source, extractor, scale = "kad", 1, Source("-"), Seen, 100.0

    def kernel(self, reference):
        return Rbf.by_median(reference)


@pytest.mark.parametrize(
    ("kind", "missing"), [(SetDistance, "against"), (PooledDistance, "distance"), (KernelDistance, "kernel")]
)
def test_a_kind_without_its_formula_cannot_be_built(kind, missing):
    forgetful = type(
        "Forgetful", (kind,), {"name": "forgetful", "version": 1, "source": Source("-"), "extractor": Seen}
    )
    with pytest.raises(TypeError, match=missing):
        forgetful(None, About())


def scores(kind, own=OWN, true=TRUE, seed=0):
    return kind(None, About()).scores(own, true, seed)


def test_all_vectors_of_all_clips_are_pooled():
    own, true = np.concatenate(OWN), np.concatenate(TRUE)
    assert scores(Plain)[0].value == pytest.approx(frechet(own, true))
    assert scores(Fd)[0].value == pytest.approx(100 * frechet(own, true))
    assert scores(Kd)[0].value == pytest.approx(mmd2(own, true, Polynomial()))
    assert scores(Kad)[0].value == pytest.approx(100 * mmd2(own, true, Rbf.by_median(true)))


def test_the_fast_way_gives_the_intervals_and_ceilings_of_the_plain_one():
    plain, fast = scores(Plain)[0], scores(Fd)[0]
    assert np.array(fast.interval) == pytest.approx(100 * np.array(plain.interval))
    assert fast.ceiling == pytest.approx(100 * plain.ceiling)
    assert plain.ceiling == pytest.approx(frechet(np.concatenate(TRUE[::2]), np.concatenate(TRUE[1::2])))


def test_a_kernel_distance_leaves_clips_out_as_it_would_be_made_without_them():
    class Slow(PooledDistance):
        name, version, source, extractor = "slow", 1, Source("-"), Seen

        def distance(self, features, reference):
            return 100 * mmd2(features, reference, Rbf.by_median(reference))

    assert scores(Kad)[0].interval == pytest.approx(scores(Slow)[0].interval)
    assert scores(Kad)[0].ceiling == pytest.approx(scores(Slow)[0].ceiling)


def test_a_frechet_distance_is_extrapolated_too():
    plain, endless = scores(Fd)
    assert (plain.name, endless.name) == Fd.gives == ("fd", "fd-inf")
    assert endless.value < plain.value
    assert endless.interval[0] < endless.value < endless.interval[1]
    assert "straight line" in endless.method


def test_too_few_vectors_are_not_extrapolated_and_the_reason_says_how_many_it_takes():
    plain, endless = scores(Fd, OWN[:39])
    assert plain.value is not None and plain.interval is None
    assert endless.value is None and "40 clips and 16 vectors" in endless.reason
    wide = [np.pad(one, ((0, 0), (0, 27))) for one in OWN]
    assert "120 vectors of 60 clips" in scores(Fd, wide, [np.pad(one, ((0, 0), (0, 27))) for one in TRUE])[1].reason


@pytest.mark.parametrize("kind", [Plain, Fd, Kd, Kad])
def test_a_single_vector_is_a_reason_and_not_an_error(kind):
    alone = [np.zeros((1, 4))]
    for own, true in ((alone, TRUE), (OWN, alone)):
        assert all("two feature vectors" in one.reason for one in scores(kind, own, true))
    few = [np.ones((1, 4)), np.zeros((1, 4)), np.eye(4)[:1]]
    assert scores(kind, few, few)[0].ceiling is None
    assert all("no reference clips" in one.reason for one in scores(kind, OWN, None))
    assert all("no clips" in one.reason for one in scores(kind, [], TRUE))


def test_methods_say_what_intervals_and_ceilings_leave_out():
    for kind, biased in ((Fd, True), (Plain, True), (Kd, False)):
        method = scores(kind)[0].method
        assert ("not the bias of few clips" in method) is biased
        assert "jackknife" in method and "reference: one half of the reference clips against the other" in method
    assert "reference: " not in scores(Fd, true=[np.eye(4)[:1], np.zeros((1, 4))])[0].method


def test_an_unbiased_distance_of_few_clips_carries_no_warning_of_bias():
    assert "too large" in scores(Fd, OWN[:5])[0].method
    assert "too large" not in scores(Kd, OWN[:5])[0].method

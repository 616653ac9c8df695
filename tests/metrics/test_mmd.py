import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from phonofilm.errors import SettingError
from phonofilm.metrics._maths import mmd
from phonofilm.metrics._maths.mmd import ClipSums, Polynomial, Rbf, mmd2


def sets(n, m, d, seed):
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / d**0.5
    return mixed, 0.5 + rng.standard_normal((m, d))


def textbook(a, b, kernel, biased=False):
    """Oracle: Gretton et al. 2012, equations 3 and 5, on scikit-learn's kernel matrices."""
    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    if biased:
        return aa.mean() + bb.mean() - 2 * ab.mean()
    n, m = len(a), len(b)
    return (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1)) - 2 * ab.mean()


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("n", "m", "d"), [(211, 307, 11), (13, 17, 29), (2, 3, 5)])
def test_the_polynomial_kernel_is_scikit_learns(n, m, d, biased):
    a, b = sets(n, m, d, 0)
    assert mmd2(a, b, Polynomial(), biased=biased) == pytest.approx(
        textbook(a, b, polynomial_kernel, biased), rel=1e-10
    )


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("n", "m", "d"), [(211, 307, 11), (13, 17, 29)])
def test_the_gaussian_kernel_is_scikit_learns(n, m, d, biased):
    a, b = sets(n, m, d, 0)

    def kernel(x, y):
        return rbf_kernel(x, y, gamma=1 / (2 * 3.0**2 + 1e-8))

    assert mmd2(a, b, Rbf(3.0), biased=biased) == pytest.approx(textbook(a, b, kernel, biased), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "d", "seed", "theirs"),
    [
        (211, 307, 11, 0, 1.46615379365599),
        (13, 17, 29, 1, 1.2012610292776675),
    ],
)
def test_the_polynomial_distance_is_that_of_torchmetrics(n, m, d, seed, theirs):
    """Numbers of ``torchmetrics.image.kid.poly_mmd`` 1.9.0 on as many vectors of both sets, in float64."""
    a, b = sets(n, m, d, seed)
    fewest = min(n, m)
    assert mmd2(a[:fewest], b[:fewest], Polynomial()) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "m", "d", "seed", "theirs"),
    [
        (211, 307, 11, 0, 8.130673488531247),
        (13, 17, 29, 1, 8.55042374751369),
        (40, 10, 7, 3, 12.319434537165908),
    ],
)
def test_kad_is_that_of_kadtk(n, m, d, seed, theirs):
    """Numbers of kadtk's ``calc_kernel_audio_distance`` in float64; its bandwidth is a float32 median."""
    a, b = sets(n, m, d, seed)
    assert 100 * mmd2(a, b, Rbf.by_median(b)) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "m", "d", "seed", "theirs"),
    [
        (211, 307, 11, 0, 10.16290443084139),
        (13, 17, 29, 1, 6.937307094095352),
    ],
)
def test_kad_of_a_given_bandwidth_is_that_of_kadtk(n, m, d, seed, theirs):
    a, b = sets(n, m, d, seed)
    assert 100 * mmd2(a, b, Rbf(3.0)) == pytest.approx(theirs, rel=1e-10)


def test_the_bandwidth_is_the_lower_median_of_the_distances_of_different_vectors():
    assert Rbf.by_median(np.array([[0.0], [1.0], [3.0]])).bandwidth == 2
    assert Rbf.by_median(np.array([[0.0], [1.0], [3.0], [7.0]])).bandwidth == 3  # 1 2 3 4 6 7


@pytest.mark.parametrize(
    "vectors",
    [
        np.random.default_rng(6).standard_normal((1501, 7)) + 100,
        np.vstack([np.random.default_rng(7).standard_normal((1199, 3)), np.full((1, 3), 1e3)]),
        np.arange(1300.0)[:, None] // 2,
        np.repeat([[0.0, 1.0], [5.0, 2.0]], [1200, 30], axis=0),
        np.full((1100, 2), 0.1),
    ],
    ids=["far from zero", "one far out", "many equal distances", "most are nothing", "all equal"],
)
def test_the_bandwidth_of_many_vectors_is_found_without_keeping_their_distances(vectors):
    distances = np.sort(pdist(vectors))
    assert Rbf.by_median(vectors).bandwidth == pytest.approx(distances[(len(distances) - 1) // 2], rel=1e-8)


def test_gaussians_in_closed_form():
    """Oracle: E k(x, y) of one-dimensional normals and a Gaussian kernel (Gretton et al. 2012, section 8)."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4000, 1)), 1 + rng.standard_normal((4000, 1))
    within, between = 1 / 3**0.5, np.exp(-1 / 6) / 3**0.5  # bandwidth 1: variances 1 + 1 + 1
    assert mmd2(a, b, Rbf(1.0)) == pytest.approx(2 * within - 2 * between, abs=0.02)


def test_equal_distributions_are_at_zero_on_average_and_below_it_at_times():
    rng = np.random.default_rng(0)
    found = [mmd2(*rng.standard_normal((2, 20, 5)), Polynomial()) for _ in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 300**0.5
    assert min(found) < 0 <= min(mmd2(*rng.standard_normal((2, 20, 5)), Polynomial(), biased=True) for _ in range(9))


def test_large_kernels_are_made_in_parts(monkeypatch):
    a, b = sets(23, 19, 5, 0)
    whole = mmd2(a, b, Rbf(2.0))
    monkeypatch.setattr(mmd, "ROWS", 7)
    assert mmd2(a, b, Rbf(2.0)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("kernel", [Polynomial(), Rbf(2.0)])
def test_sums_over_clips_give_the_distance_of_any_of_them(kernel, monkeypatch):
    monkeypatch.setattr(mmd, "ROWS", 7)
    a, b = sets(23, 19, 5, 0)
    own = np.split(a, [1, 4, 9, 11, 18])
    sums = ClipSums.of(own, b, kernel)
    for clips in (np.arange(6), np.array([0, 2, 5]), np.array([4, 1])):
        assert sums.mmd2(clips) == pytest.approx(mmd2(np.concatenate([own[i] for i in clips]), b, kernel), rel=1e-10)


def test_bad_features_are_refused():
    a, b = sets(5, 5, 3, 0)
    with pytest.raises(SettingError, match="at least 2"):
        mmd2(a[:1], b, Polynomial())
    with pytest.raises(SettingError, match="finite"):
        mmd2(a * np.nan, b, Polynomial())


def test_arguments_are_left_as_they_were():
    a, b = sets(5, 6, 3, 0)
    before = a.copy(), b.copy()
    mmd2(a, b, Rbf.by_median(b))
    assert (a == before[0]).all() and (b == before[1]).all()

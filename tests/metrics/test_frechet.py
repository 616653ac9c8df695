import numpy as np
import pytest
from scipy.linalg import sqrtm

from phonofilm.errors import SettingError
from phonofilm.metrics import frechet
from phonofilm.metrics._maths.frechet import ClipMoments, Gaussian


def textbook(a, b, ddof=1):
    one, other = np.cov(a, rowvar=False, ddof=ddof), np.cov(b, rowvar=False, ddof=ddof)
    apart = a.mean(axis=0) - b.mean(axis=0)
    return float(apart @ apart + np.trace(one) + np.trace(other) - 2 * np.trace(sqrtm(one @ other)).real)


@pytest.mark.parametrize(("n", "m", "d"), [(211, 307, 11), (50, 13, 7)])
def test_it_equals_the_matrix_square_root(n, m, d):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)), 0.5 + rng.standard_normal((m, d))
    assert frechet(a, b) == pytest.approx(textbook(a, b), rel=1e-9)


@pytest.mark.parametrize("ddof", [0, 1])
def test_covariances_are_divided_as_asked(ddof):
    rng = np.random.default_rng(5)
    own, b = [rng.standard_normal((1 + i % 2, 3)) for i in range(11)], 1 + rng.standard_normal((7, 3))
    a = np.concatenate(own)
    assert frechet(a, b, ddof) == pytest.approx(textbook(a, b, ddof), rel=1e-9)
    some = ClipMoments(own, Gaussian.of(b, ddof), ddof).distance(np.arange(8))
    assert some == pytest.approx(textbook(np.concatenate(own[:8]), b, ddof), rel=1e-6)


def test_fewer_vectors_than_dimensions():
    """Oracle: within the span of both sets, which a rotation reaches exactly, the textbook form is regular."""
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.standard_normal((29, 29)))[0][:, :5]
    a, b = rng.standard_normal((13, 5)), 2 + 3 * rng.standard_normal((11, 5))
    assert frechet(a @ turn.T, b @ turn.T) == pytest.approx(textbook(a, b), rel=1e-9)


def test_fewer_vectors_than_dimensions_in_both_and_no_common_span():
    """Oracle: covariances with orthogonal ranges have no cross term."""
    a, b = np.zeros((3, 11)), np.zeros((3, 11))
    a[:, 0], b[:, 4] = [1, 2, 6], [5, 5, 8]
    assert frechet(a, b) == pytest.approx(3**2 + 6**2 + 7 + 3)


def test_gaussians_in_closed_form():
    rng = np.random.default_rng(2)
    white = rng.standard_normal((500, 3))
    white = np.linalg.solve(np.linalg.cholesky(np.cov(white, rowvar=False)), (white - white.mean(axis=0)).T).T
    assert frechet(2 * white, white + np.array([1, 2, 2])) == pytest.approx(9 + 3 * (2 - 1) ** 2)


def test_equal_sets_are_at_zero_and_order_does_not_matter():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((40, 7)).astype(np.float32), rng.standard_normal((30, 7)).astype(np.float32)
    assert frechet(a, a[::-1]) == pytest.approx(0, abs=1e-12)
    assert frechet(a, b) == pytest.approx(frechet(b, a))


def test_arguments_are_left_as_they_were():
    a = np.random.default_rng(4).standard_normal((9, 2)) + 5
    before = a.copy()
    frechet(a, a)
    assert (a == before).all()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3))),
        (np.zeros((5, 3)), np.zeros((5, 2))),
        (np.full((5, 3), np.nan), np.zeros((5, 3))),
    ],
)
def test_bad_features_are_refused(a, b):
    with pytest.raises(SettingError):
        frechet(a, b)


def mixed(n, m, d, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / d**0.5, 0.5 + rng.standard_normal((m, d))


def test_it_is_that_of_torchmetrics():
    """Numbers of ``torchmetrics.image.fid._compute_fid`` 1.9.0 in float64."""
    assert frechet(*mixed(211, 307, 11, 0)) == pytest.approx(6.270206469792541, rel=1e-9)
    a, b = mixed(211, 307, 11, 0)
    a[:, 3], b[:, 7] = a[:, 4], 2 * b[:, 1]  # both covariances singular
    assert frechet(a, b) == pytest.approx(9.69990740269954, rel=1e-8)
    assert frechet(*mixed(13, 17, 29, 1)) == pytest.approx(38.37305978516912, rel=1e-7)  # roots of rounding, theirs


@pytest.mark.parametrize(("d", "m"), [(7, 13), (7, 5), (60, 70), (60, 41)])
def test_any_of_the_clips_have_the_distance_of_their_vectors(d, m):
    """With more vectors than dimensions, and fewer, on either side."""
    a, b = mixed(50, m, d, 0)
    own = np.split(a + 30, [1, 4, 9, 11, 18, 31])
    moments = ClipMoments(own, Gaussian.of(b))
    for clips in ([0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 4, 5, 6], [6, 5, 3], [0, 2], [2, 3, 4, 5]):
        plain = frechet(np.concatenate([own[i] for i in sorted(clips)]), b)
        assert moments.distance(np.array(clips)) == pytest.approx(plain, rel=1e-6 if len(clips) < 7 else 1e-12)

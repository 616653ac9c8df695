import numpy as np
import pytest

from phonofilm.data.clapperboard.track import Knot, Track


def test_free_fall_is_exact():
    gravity, start, end = 3.0, 0.5, 1.3
    fall = Track.through([Knot(start, 0.0), Knot(end, gravity * 0.8**2 / 2, gravity * 0.8)])
    times = np.linspace(start, end, 37)
    np.testing.assert_allclose(fall.at(times), gravity * (times - start) ** 2 / 2, atol=1e-12)


def test_slopes_on_both_sides_of_a_knot():
    track = Track.through([Knot(0, 1, 0, -2), Knot(1, 0, -3, 5), Knot(3, 1, 7, 0)])
    eps = 1e-6
    before, after = (track.at(np.array(1.0)) - track.at(np.array(1 - eps))) / eps, track.at(np.array(1 + eps)) / eps
    assert before == pytest.approx(-3, abs=1e-3)
    assert after == pytest.approx(5, abs=1e-3)


def test_stands_still_outside_and_passes_through_points():
    track = Track.lines(np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, -1.0]))
    np.testing.assert_allclose(track.at(np.array([-7.0, 1.0, 1.5, 3.0, 4.0, 99.0])), [3, 3, 4, 2, -1, -1])


def test_scaling_is_affine():
    track = Track.through([Knot(0, 1, 0, -2), Knot(1, 0, -3, 5), Knot(3, 1, 7, 0)])
    times = np.linspace(-1, 4, 23)
    np.testing.assert_allclose(track.scaled(-0.6, 0.25).at(times), -0.6 * track.at(times) + 0.25)


@pytest.mark.parametrize("knots", [[], [Knot(1, 0), Knot(1, 1)], [Knot(1, 0), Knot(0.5, 1)]])
def test_knots_must_be_in_order(knots):
    with pytest.raises(ValueError, match="increasing"):
        Track.through(knots)

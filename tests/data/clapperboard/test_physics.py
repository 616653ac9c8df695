import numpy as np
import pytest

from phonofilm.data.clapperboard.physics import STEP, Drop, drop_all

FLOOR, GRAVITY = 0.84, 5.3


def ball(height, release=0.113, elasticity=0.77, velocity=0.07):
    return Drop(0.4, FLOOR - height, 0.01, 0.3, release, velocity, elasticity)


def test_bounces_when_and_as_hard_as_theory_says():
    height, drop = 0.47, ball(0.47)
    fall = np.sqrt(2 * height / GRAVITY)
    gaps = 2 * fall * drop.elasticity ** np.arange(1, 4)
    expected = drop.release + fall + np.concatenate([[0.0], np.cumsum(gaps)])
    impacts = drop_all([drop], FLOOR, GRAVITY, expected[-1] + 0.05)[0].impacts
    times, impulses = np.array(impacts).T
    np.testing.assert_allclose(times, expected, atol=1e-5)
    speeds = GRAVITY * fall * drop.elasticity ** np.arange(4)
    np.testing.assert_allclose(impulses, speeds * (1 + drop.elasticity), rtol=1e-4)


def test_impacts_are_finer_than_steps_and_at_the_floor():
    for height in (0.31, 0.35, 0.39, 0.43):
        fall = drop_all([ball(height)], FLOOR, GRAVITY, 1.0)[0]
        time, _ = fall.impacts[0]
        at = fall.times.index(time)
        assert fall.y[at] == pytest.approx(FLOOR, abs=1e-8)
        assert max(fall.y[:at]) < FLOOR
        assert fall.y[at + 1] < FLOOR
        assert (time / STEP) % 1 not in (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
        assert max(fall.y) <= FLOOR


def test_sideways_motion_is_uniform_from_the_release_on():
    drop = ball(0.4)
    fall = drop_all([drop], FLOOR, GRAVITY, 1.5)[0]
    expected = drop.x + drop.velocity * np.maximum(0, np.array(fall.times) - drop.release)
    np.testing.assert_allclose(fall.x, expected, atol=1e-9)


def test_blocks_pile_up_and_stay():
    lower, upper = Drop(0.5, 0.0, 0.15, 0.2, 0.0, 0, 0), Drop(0.53, 0.0, 0.14, 0.17, 0.7, 0, 0)
    first, second = drop_all([lower, upper], FLOOR, GRAVITY, 2.0)
    assert len(first.impacts) == len(second.impacts) == 1
    assert first.impacts[0][0] == pytest.approx(np.sqrt(2 * FLOOR / GRAVITY), abs=1e-5)
    assert second.impacts[0][0] == pytest.approx(0.7 + np.sqrt(2 * (FLOOR - 0.2) / GRAVITY), abs=1e-5)
    assert first.y[-1] == pytest.approx(FLOOR, abs=1e-6)
    assert second.y[-1] == pytest.approx(FLOOR - lower.height, abs=1e-6)


def test_blocks_beside_each_other_do_not_meet():
    left, right = Drop(0.2, 0.0, 0.1, 0.2, 0.0, 0, 0), Drop(0.5, 0.0, 0.1, 0.2, 0.5, 0, 0)
    first, second = drop_all([left, right], FLOOR, GRAVITY, 1.7)
    assert first.y[-1] == pytest.approx(second.y[-1], abs=1e-6)

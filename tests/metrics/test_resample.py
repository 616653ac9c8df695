import numpy as np
import pytest

from phonofilm.metrics._resample import GROUPS, SHUFFLES, derangements, jackknife, pooled, ratio


def test_no_clip_meets_itself_and_each_has_one_partner():
    found = derangements(7, seed=3)
    assert len(found) == SHUFFLES
    for partner in found:
        assert sorted(partner) == list(range(7))
        assert (partner != np.arange(7)).all()


def test_one_clip_has_no_wrong_partner():
    assert derangements(1, seed=0) == []


def test_the_interval_of_a_share_is_the_binomial_one():
    n, p = 400, 0.3
    hits = (np.arange(n) < n * p).astype(float)
    found = ratio(hits, np.ones(n), 0, empty="-")
    spread = 1.96 * (p * (1 - p) / n) ** 0.5
    assert found.value == pytest.approx(p)
    assert found.interval == pytest.approx((p - spread, p + spread), abs=0.01)


def test_clips_and_not_their_values_are_drawn():
    clips = [np.full(50, value) for value in (0.0, 1.0, 2.0, 3.0)]
    found = pooled(clips, lambda values: float(values.mean()), 0, empty="-")
    assert found.value == pytest.approx(1.5)
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] > 1.5  # drawn value by value it would be about 0.3


def test_nothing_to_divide_by_is_a_reason_and_not_a_number():
    assert ratio([0, 0], [0, 0], 0, empty="nothing there").reason == "nothing there"
    assert pooled([np.empty(0)], np.median, 0, empty="nothing there").value is None


def test_the_jackknife_of_a_mean_is_students_interval():
    values = np.random.default_rng(0).standard_normal(2000)
    low, high = jackknife(len(values), lambda clips: float(values[clips].mean()), seed=1).interval
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(2.09 * values.std() / len(values) ** 0.5, rel=0.35)


def test_too_few_clips_have_no_interval():
    found = jackknife(2 * GROUPS - 1, lambda clips: 0.5, seed=0)
    assert (found.value, found.interval) == (0.5, None)


def test_the_same_seed_gives_the_same_interval():
    assert ratio([1, 0, 1], [1, 1, 1], 5, empty="-") == ratio([1, 0, 1], [1, 1, 1], 5, empty="-")

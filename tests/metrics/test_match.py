from itertools import combinations, permutations

import numpy as np
import pytest

from phonofilm.metrics._maths.match import best_lag, match, offsets


def by_brute_force(seen, heard, tolerance):
    """Size and total distance of the best matching, by trying all of them."""
    best = (0, 0.0)
    for size in range(1, min(len(seen), len(heard)) + 1):
        for rows in combinations(range(len(seen)), size):
            for columns in permutations(range(len(heard)), size):
                apart = [abs(seen[i] - heard[j]) for i, j in zip(rows, columns, strict=True)]
                if max(apart) <= tolerance:
                    best = min(best, (-size, sum(apart)))
    return best


def test_matching_is_the_largest_and_then_the_closest():
    rng = np.random.default_rng(1)
    for _ in range(40):
        seen, heard = np.sort(rng.random(4)), np.sort(rng.random(3))
        pairs = match(seen, heard, 0.15)
        total = np.abs(seen[pairs[:, 0]] - heard[pairs[:, 1]]).sum()
        size, least = by_brute_force(seen, heard, 0.15)
        assert -len(pairs) == size
        assert total == pytest.approx(least)


def test_one_sound_never_serves_two_pictures():
    assert match(np.array([1.0, 1.1]), np.array([1.05]), 0.125).shape == (1, 2)


@pytest.mark.parametrize(("apart", "pairs"), [(0.125, 1), (0.1251, 0)])
def test_the_tolerance_itself_still_matches(apart, pairs):
    assert len(match(np.array([0.3]), np.array([0.3 + apart]), 0.125)) == pairs


@pytest.mark.parametrize(("seen", "heard"), [([], [0.5]), ([0.5], []), ([], [])])
def test_nothing_matches_nothing(seen, heard):
    assert match(np.array(seen), np.array(heard), 0.1).shape == (0, 2)
    assert best_lag(np.array(seen), np.array(heard)) is None
    assert offsets(np.array(seen), np.array(heard)).shape == (0,)


@pytest.mark.parametrize("lag", [-0.4, -0.125, 0.0, 0.017, 0.4])
def test_a_common_lag_is_found_even_beyond_the_gap_of_regular_events(lag):
    seen = np.array([0.2, 0.5, 0.8, 1.1, 1.4])
    assert best_lag(seen, seen + lag) == pytest.approx(lag)
    assert offsets(seen, seen + lag) == pytest.approx(np.full(5, lag))


def test_of_lags_that_match_equally_many_the_smallest_is_taken():
    assert best_lag(np.array([1.0]), np.array([0.8, 1.3])) == pytest.approx(-0.2)


def test_of_lags_that_match_equally_many_a_clearly_closer_fit_comes_first():
    """The last beat is not heard: at 0.35 s the others fit exactly, and at lags near 0 each with the next one."""
    seen = np.array([0.3, 0.6, 1.02, 1.22])
    assert best_lag(seen, seen[:3] + 0.35) == pytest.approx(0.35)
    regular = np.array([0.3, 0.6, 0.9, 1.2])
    assert best_lag(regular, regular[:3] + 0.35) == pytest.approx(0.05)  # nothing tells the two apart


def test_lags_beyond_reach_are_not_found():
    assert best_lag(np.array([0.2]), np.array([0.81])) is None


def test_offsets_keep_the_jitter_of_each_pair():
    seen = np.array([0.3, 0.9, 1.6])
    assert offsets(seen, seen + np.array([0.21, 0.19, 0.2])) == pytest.approx(np.array([0.21, 0.19, 0.2]))

import numpy as np
import pytest

from phonofilm.bootstrap import percentiles
from phonofilm.estimate import mean, quantile, ratio
from phonofilm.metrics._maths.frechet import ClipMoments, Gaussian
from phonofilm.metrics._maths.resample import GROUPS, SHUFFLES, derangements, extrapolated, jackknife


def test_no_clip_meets_itself_and_each_has_one_partner():
    found = derangements(7, seed=3)
    assert len(found) == SHUFFLES == 20
    for partner in found:
        assert sorted(partner) == list(range(7))
        assert (partner != np.arange(7)).all()


def test_pairings_are_drawn_anew_each_time_and_by_the_seed():
    """Of 100 clips no two of 99! circles are alike by chance; one seed gives the same ones again."""
    one, again, other = ([tuple(partner) for partner in derangements(100, seed)] for seed in (3, 3, 4))
    assert one == again
    assert len({*one, *other}) == 2 * SHUFFLES


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
    found = quantile(clips, 0.5, 0, empty="-")
    assert found.value == 1.5
    assert found.interval == (0, 3)  # drawn value by value it would be (1, 2)


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("n", [1, 7, 10, 40])
def test_quantiles_are_numpys(n, share):
    values = np.random.default_rng(n).standard_normal(n)
    found = quantile(np.array_split(values, 3), share, None, empty="-")
    assert found.value == pytest.approx(np.quantile(values, share, method="averaged_inverted_cdf"))
    assert found.interval is None


def test_the_interval_of_a_median_is_that_of_its_order_statistics():
    """Oracle: ranks n/2 -+ 1.96 sqrt(n)/2 of independent values enclose the median with 95 %."""
    values = np.sort(np.random.default_rng(1).standard_normal(400))
    low, high = quantile(list(values[:, None]), 0.5, 0, empty="-").interval
    assert values[170] < low < values[190]
    assert values[209] < high < values[229]


def test_nothing_to_divide_by_is_a_reason_and_not_a_number():
    assert ratio([0, 0], [0, 0], 0, empty="nothing there").reason == "nothing there"
    assert quantile([np.empty(0)], 0.5, 0, empty="nothing there").value is None


def test_the_jackknife_of_a_mean_is_students_interval():
    values = np.random.default_rng(0).standard_normal(2000)
    low, high = jackknife(len(values), lambda clips: float(values[clips].mean()), seed=1).interval
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(2.09 * values.std() / len(values) ** 0.5, rel=0.35)


def test_too_few_clips_have_no_interval():
    found = jackknife(2 * GROUPS - 1, lambda clips: 0.5, seed=0)
    assert (found.value, found.interval) == (0.5, None)
    assert "40 clips" in found.method


@pytest.mark.parametrize(
    "found",
    [
        mean([3.0], 0, empty="-"),
        ratio([2, 0, 0], [3, 0, 0], 0, empty="-"),
        quantile([np.empty(0), np.array([1.0, 2.0])], 0.5, 0, empty="-"),
    ],
)
def test_a_single_clip_that_counts_has_no_interval_and_a_reason(found):
    assert found.value is not None
    assert found.interval is None
    assert "2 clips" in found.method


def test_the_same_seed_gives_the_same_interval():
    assert ratio([1, 0, 1], [1, 1, 1], 5, empty="-") == ratio([1, 0, 1], [1, 1, 1], 5, empty="-")


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(0)
    draws = [random.normal(3, 1, size=40) for _ in range(60)]
    hits = [low <= 3 <= high for low, high in (mean(values, 0, empty="-").interval for values in draws)]
    assert 50 <= sum(hits) < 60


def test_intervals_of_few_clips_are_no_narrower_than_they_say():
    """Plain percentiles of 6 clips hold the mean 85 times of 100."""
    draws = np.random.default_rng(6).normal(size=(300, 6))
    found = [mean(list(values), place, empty="-").interval for place, values in enumerate(draws)]
    assert 0.915 <= np.mean([low <= 0 <= high for low, high in found]) <= 0.98
    assert all(low >= values.min() and high <= values.max() for values, (low, high) in zip(draws, found, strict=True))


def test_the_interval_is_that_of_hesterbergs_percentiles():
    """Hesterberg 2015: of 10 clips those of 0.85 % on either side; of many those of 2.5 %."""
    draws = np.arange(10_001) / 10_000
    assert percentiles(draws, 10) == pytest.approx((0.00855, 0.99145), abs=1e-5)
    assert percentiles(draws, 100_000) == pytest.approx((0.025, 0.975), abs=1e-5)
    assert percentiles(np.array([np.nan, *draws]), 2) == pytest.approx((0, 1)), "and never beyond the draws"


def test_an_estimate_says_how_much_it_rests_on():
    assert (ratio([1, 0, 2], [2, 0, 3], 0, empty="-").n, ratio([1, 0, 2], [2, 0, 3], None, empty="-").clips) == (5, 2)
    found = quantile([np.arange(3.0), np.empty(0), np.arange(4.0)], 0.9, 0, empty="-")
    assert (found.n, found.clips) == (7, 2)
    assert jackknife(GROUPS, lambda clips: 0.5, seed=0).n == GROUPS


def test_what_falls_like_one_over_n_is_extrapolated_exactly():
    found = extrapolated(101, lambda clips: 7 + 30 / len(clips), seed=0)
    assert found.value == pytest.approx(7)
    assert found.interval == pytest.approx((7, 7))


def test_a_straight_line_is_laid_through_the_three_sizes():
    """By hand: of 80, 60 and 40 clips 240 / n is 3, 4 and 6; its square on a line by least squares is -135 / 7 at 0."""
    assert extrapolated(80, lambda clips: (240 / len(clips)) ** 2, seed=0).value == pytest.approx(-135 / 7)


def test_each_three_quarters_and_two_halves_are_looked_at():
    seen = []
    extrapolated(80, lambda clips: float(seen.append(frozenset(clips)) or 0), seed=0)
    whole, three, half = ([clips for clips in seen if len(clips) == size] for size in (80, 60, 40))
    everything = frozenset(range(80))
    assert whole == [everything]
    assert sorted(clip for clips in three for clip in everything - clips) == list(range(80))
    assert sorted(clip for clips in half for clip in clips) == list(range(80))


def test_the_extrapolation_of_a_mean_is_the_mean_with_a_wider_interval():
    values = np.random.default_rng(0).standard_normal(2000)

    def statistic(clips):
        return float(values[clips].mean())

    plain, endless = jackknife(2000, statistic, seed=1), extrapolated(2000, statistic, seed=1)
    assert endless.value == pytest.approx(plain.value, abs=0.01)
    assert np.ptp(endless.interval) == pytest.approx(np.ptp(plain.interval), rel=0.2)


def test_a_frechet_distance_of_equal_distributions_loses_its_bias():
    """Oracle: one white distribution: d / n + d (d + 1) / (4 n) to first order, and 0 at infinitely many clips."""
    rng = np.random.default_rng(0)
    found, reference = rng.standard_normal((400, 1, 20)), Gaussian.of(rng.standard_normal((50_000, 20)))
    distance = ClipMoments(list(found), reference).distance
    plain, endless = jackknife(400, distance, seed=0), extrapolated(400, distance, seed=0)
    assert plain.value == pytest.approx((20 + 20 * 21 / 4) / 400, rel=0.1)
    assert abs(endless.value) < 0.05
    assert endless.interval[0] < 0 < endless.interval[1]


def test_extrapolated_intervals_cover_the_truth_about_as_often_as_they_say():
    """The variance of normal values, divided by n: its bias is exactly 1 / n."""
    random = np.random.default_rng(0)
    draws = [random.normal(0, 2, size=80) for _ in range(60)]
    found = [extrapolated(80, lambda clips, v=values: float(v[clips].var()), seed=0) for values in draws]
    assert np.mean([one.value for one in found]) == pytest.approx(4, abs=0.25)
    assert 51 <= sum(one.interval[0] <= 4 <= one.interval[1] for one in found) <= 60

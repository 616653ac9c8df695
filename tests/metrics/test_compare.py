"""Paired differences: the same clips, so what clips have in common does not blur the comparison."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.errors import SettingError
from phonofilm.estimate import mean, peak, quantile, ratio
from phonofilm.metrics import Better, Report, Score, caveats, compare
from phonofilm.metrics._maths.frechet import frechet
from phonofilm.metrics._maths.resample import jackknife
from phonofilm.metrics._report import Reference
from phonofilm.parts import LeftOut, Peak, Ranks, Shares, parts_from_json

N = 60


def report(found, names=None, better=Better.HIGHER, reference=None, **changes):
    row = Score("x", "x@1", found.value, "", better, found.n, parts=found.parts, reason=found.reason)
    names = [f"{i}.mp4" for i in range(found.clips)] if names is None else names
    references = {} if reference is None else {"x@1": reference}
    return Report((replace(row, **changes),), found.clips, {}, counted={"x@1": names}, references=references)


def means(values):
    return mean(list(values), 0, empty="-")


@pytest.fixture
def hard():
    """How hard each clip is: what both systems share."""
    return np.random.default_rng(0).normal(size=N)


def test_pairs_show_what_the_intervals_of_each_hide(hard):
    gain = 0.1 + 0.05 * np.random.default_rng(1).normal(size=N)
    one, other = means(hard), means(hard + gain)
    assert one.interval[1] > other.interval[0], "alone they overlap"
    (found,) = compare(report(one), report(other))
    assert found.verdict == "the second is better"
    assert found.interval[0] < gain.mean() < found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.05
    (back,) = compare(report(other), report(one))
    assert back.verdict == "the first is better"
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]))


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(2), 0
    for _ in range(200):
        shared = rng.normal(size=N)
        (found,) = compare(report(means(shared)), report(means(shared + 0.3 + rng.normal(size=N))))
        covered += found.interval[0] <= 0.3 <= found.interval[1]
    assert 0.90 <= covered / 200 <= 0.98


def test_of_few_clips_equal_systems_are_told_apart_no_oftener_than_they_should():
    """By plain percentiles of 6 clips 14 times of 100."""
    rng, apart = np.random.default_rng(5), 0
    for _ in range(300):
        shared = rng.normal(size=6)
        one, other = (report(means(shared + rng.normal(size=6))) for _ in "ab")
        apart += compare(one, other)[0].told_apart
    assert 0.01 <= apart / 300 <= 0.09


@pytest.mark.parametrize(
    ("better", "one", "other", "verdict"),
    [
        (Better.LOWER, 0.0, 1.0, "the first is better"),
        (Better.HIGHER, 0.0, 1.0, "the second is better"),
        (Better.NEARER_ZERO, -3.0, 1.0, "the second is better"),
        (Better.NEARER_ZERO, -1.0, 3.0, "the first is better"),
    ],
)
def test_the_verdict_knows_which_way_is_better(better, one, other, verdict, hard):
    pair = [report(means(0.01 * hard + level), better=better) for level in (one, other)]
    assert compare(*pair)[0].verdict == verdict


@pytest.mark.parametrize(("one", "other"), [(-5.0, 4.99), (4.99, -5.0), (-5.0, 5.0)])
def test_nearer_zero_is_a_matter_of_size_and_not_of_sign(one, other):
    rng = np.random.default_rng(6)
    pair = [report(means(rng.normal(level, 1, N)), better=Better.NEARER_ZERO) for level in (one, other)]
    (found,) = compare(*pair)
    assert found.interval[0] * found.interval[1] > 0, "their signs differ beyond doubt"
    assert found.sizes[0] < 0 < found.sizes[1]
    assert found.verdict == "not told apart in size"


def test_nearer_zero_without_signs_apart_is_told_too():
    """What differs in size alone differs in sign too here: the interval of the difference is no verdict."""
    rng = np.random.default_rng(7)
    early, late = (means(rng.normal(level, 1, N)) for level in (-5.0, 2.0))
    (found,) = compare(report(early, better=Better.NEARER_ZERO), report(late, better=Better.NEARER_ZERO))
    assert found.verdict == "the second is better"
    assert found.interval[0] < 7 < found.interval[1] and found.sizes[0] < -3 < found.sizes[1]


NOTHING = [0.0] * 3
FEW = "not tested: fewer than 2 of the 3 clips that both have give it a value"


def test_what_no_common_clip_has_a_value_for_is_not_tested():
    one = ratio([*NOTHING, 1.0, 2.0], [*NOTHING, 2.0, 2.0], 0, empty="-")
    other = ratio([1.0, 1.0, *NOTHING], [2.0, 2.0, *NOTHING], 0, empty="-")
    (found,) = compare(report(one, list("abcde")), report(other, list("xyabc")))
    assert found.verdict == FEW
    quiet = [np.array([])] * 3
    median = quantile([*quiet, np.array([1.0]), np.array([2.0])], 0.5, 0, empty="-")
    (found,) = compare(report(median, list("abcde")), report(median, list("abcfg")))
    assert found.verdict == FEW


def test_one_common_clip_with_a_value_is_no_proof():
    """It is in every draw that has a value, and always the same."""
    one = ratio([1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0], 0, empty="-")
    other = ratio([2.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0], 0, empty="-")
    (found,) = compare(report(one, list("abcd")), report(other, list("abcx")))
    assert found.verdict == FEW


def test_names_count_without_the_ending_of_the_film(hard):
    ours, theirs = ([f"take {i / 10}.{ending}" for i in range(N)] for ending in ("mp4", "MKV"))
    (found,) = compare(report(means(hard), ours), report(means(hard), theirs))
    assert found.n == N and found.verdict == "not told apart"


def test_groups_dealt_by_another_seed_are_not_compared():
    rng = np.random.default_rng(3)
    true, own = rng.normal(size=(2, 80, 5))

    def distance(seed):
        found = jackknife(80, lambda chosen: frechet(own[chosen], true), seed)
        return report(found, better=Better.LOWER, seed=seed)

    assert compare(distance(1), distance(1))[0].verdict == "not told apart"
    said = compare(distance(1), distance(2))[0].verdict
    assert said == "not tested: their clips were dealt into groups by other seeds (1 and 2): score with one --seed"


def test_a_bootstrap_does_not_mind_the_seed(hard):
    assert compare(report(means(hard), seed=1), report(means(hard), seed=2))[0].verdict == "not told apart"


@pytest.mark.parametrize("other", [Reference(N - 1, "aa"), Reference(N, "bb")])
def test_distances_to_other_reference_clips_are_not_compared(other, hard):
    mine = report(means(hard), reference=Reference(N, "aa"))
    (found,) = compare(mine, report(means(hard), reference=other))
    assert found.verdict == (
        f"not tested: their reference clips differ ({N} aa and {other.clips} {other.digest}): "
        "score both against one folder"
    )
    assert compare(mine, mine)[0].verdict == "not told apart"
    assert compare(mine, report(means(hard)))[0].verdict == "not told apart", "an older report does not say"


def test_why_a_distance_of_few_clips_has_no_interval_is_passed_on():
    few = jackknife(39, lambda chosen: 1.0, 0)
    of = report(few, method=f"{few.method}; reference: one half of the reference clips against the other")
    (found,) = compare(of, of)
    assert found.verdict == (
        "not tested: the first has no interval (fewer than 40 clips, of which a distance comes out too large)"
    )


def test_films_that_give_a_value_in_both_are_counted_and_others_where_values_are_put_together():
    lags = np.random.default_rng(8).normal(size=(24, 2))
    first, second = (
        [np.array([]) if place in empty else lags[place] for place in range(24)] for empty in ((0, 1), (1, 2, 3))
    )
    one, other = (quantile(values, 0.5, 0, empty="-") for values in (first, second))
    names = [f"{place}.mp4" for place in range(24)]
    (found,) = compare(report(one, names), report(other, names))
    assert (found.n, found.counts) == (20, (22, 21))
    assert (found.one, found.other) == (one.value, other.value)


def test_a_peak_is_of_the_films_that_have_a_curve_in_both():
    early, late, none = -60.0, 60.0, np.nan
    one, other = bumps([none, *[early] * 3, *[late] * 4]), bumps([*[early] * 4, *[none] * 3, late])
    names = [f"{place}.mp4" for place in range(8)]
    (found,) = compare(report(one, names), report(other, names))
    assert (found.n, found.counts) == (4, (4, 4))
    assert (one.value, found.one, found.other) == (60, -60, -60)


def test_equal_systems_are_not_told_apart(hard):
    (found,) = compare(report(means(hard)), report(means(hard)))
    assert found.verdict == "not told apart"
    assert found.interval == (0, 0)


def test_medians_are_drawn_again_together(hard):
    def medians(values):
        return quantile([np.array([value, value + 1]) for value in values], 0.5, 0, empty="-")

    (found,) = compare(report(medians(hard), better=Better.LOWER), report(medians(hard + 0.5), better=Better.LOWER))
    assert found.verdict == "the first is better"
    assert found.interval == pytest.approx((0.5, 0.5))


def bumps(middles):
    """A curve a clip, highest at its middle; nan: it says nothing."""
    at = np.arange(-100, 101, 5.0)
    curves = np.exp(-0.5 * ((at - np.asarray(middles)[:, None]) / 20) ** 2)
    return peak(np.nan_to_num(curves), at, 0, empty="-")


def test_peaks_of_curves_are_drawn_again_together(hard):
    late = [report(bumps(5 * hard + level), better=Better.NEARER_ZERO) for level in (10, 40)]
    (found,) = compare(*late)
    assert found.verdict == "the first is better" and found.n == N
    assert found.interval[0] <= 30 <= found.interval[1] and found.interval[1] - found.interval[0] < 15
    assert (found.one, found.other) == pytest.approx((10, 40), abs=5)
    names = [f"{i}.mp4" for i in range(N + 1)]
    silent = report(bumps([np.nan] * (N - 1) + [3.0]), names[:N], better=Better.NEARER_ZERO)
    assert compare(late[0], silent)[0].verdict.startswith(f"not tested: fewer than 2 of the {N} clips")
    with_silence = report(bumps([*(5 * hard + 10), np.nan]), names)
    assert compare(with_silence, with_silence)[0].interval == (0, 0)


def test_distances_of_sets_leave_the_same_clips_out():
    rng = np.random.default_rng(3)
    true, own = rng.normal(size=(2, 80, 5))

    def distance(features):
        return jackknife(len(features), lambda chosen: frechet(features[chosen], true), 7)

    (found,) = compare(report(distance(own), better=Better.LOWER), report(distance(own + 0.5), better=Better.LOWER))
    assert found.verdict == "the first is better"
    assert found.interval[0] < found.other - found.one < found.interval[1]
    fewer = compare(report(distance(own)), report(distance(own), names=[f"{i}.mp4" for i in range(1, 81)]))
    assert fewer[0].verdict.startswith("not tested: they rest on different clips, 79 of which")


def test_only_clips_of_both_are_compared(hard):
    names = [f"{i}.mp4" for i in range(N)]
    (found,) = compare(report(means(hard), names), report(means(hard[::-1][:-10]), names[::-1][:-10]))
    assert found.n == N - 10
    assert found.one == found.other == pytest.approx(hard[10:].mean())
    assert found.interval == pytest.approx((0, 0))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"definition": "x@2"}, "definitions differ"),
        ({"extractor": "other"}, "extractors differ"),
        ({"value": None, "reason": "-"}, "the second has no value"),
        ({"parts": None}, "the second has no values of single clips"),
    ],
)
def test_what_does_not_compare_is_said(changes, reason, hard):
    (found,) = compare(report(means(hard)), report(means(hard), **changes))
    assert found.interval is None
    assert reason in found.verdict


def test_reports_without_a_common_score(hard):
    with pytest.raises(SettingError, match="share no score"):
        compare(report(means(hard)), report(means(hard), name="y"))


@pytest.mark.parametrize(
    "parts",
    [
        Shares(np.array([1.0, 2.0]), np.array([3.0, 4.0])),
        Ranks([np.array([1.0]), np.array([]), np.array([2.0, 5.0])], 0.9),
        LeftOut(2.0, np.array([1.0, 3.0]), 40),
        Peak(np.array([[0.0, 0.1, 0.7], [0.0, 1.2, 0.3]], np.float32), np.array([-5.0, 0.0, 5.0])),
    ],
)
def test_parts_survive_json(parts):
    again = parts_from_json(parts.to_json())
    assert type(again) is type(parts)
    assert again.to_json() == parts.to_json()
    assert again.value == parts.value


def told(level, sentences, **changes):
    """A report of five clips on sentences, by a metric that goes by them unless changed."""
    changes = {"name": "event-count-seen", "definition": "event-count@1", **changes}
    found = report(means(0.01 * np.arange(5) + level), list("abcde"), **changes)
    counted = {changes["definition"]: list("abcde")}
    return replace(found, counted=counted, sentences=dict(zip("abcde", sentences, strict=True)))


def test_films_of_other_sentences_are_not_judged_by_them():
    ours, theirs = told(0.1, ["a bell rings"] * 5), told(0.9, ["a bell rings"] * 3 + ["a dog barks"] * 2)
    (found,) = compare(ours, theirs)
    assert found.verdict == "not tested: the sentences of 2 films differ, such as d"
    (line,) = caveats(ours, theirs)
    assert line.startswith("the sentences of 2 films differ, such as d: ")
    assert (compare(ours, ours)[0].verdict, caveats(ours, ours)) == ("not told apart", [])
    silent = replace(theirs, sentences={})
    assert compare(ours, silent)[0].verdict == "the second is better", "older reports do not say"
    others = {"name": "sync-offset", "definition": "sync-error@1"}
    (found,) = compare(told(0.1, "vwxyz", **others), told(0.9, "vwxzy", **others))
    assert found.verdict == "the second is better", "a score that goes by no sentence"


def test_films_of_one_report_alone_and_other_rates_are_told():
    ours, theirs = (told(0.1, "vwxyz", fps=Fraction(fps), sample_rate=16_000) for fps in (8, 12))
    assert caveats(ours, theirs) == [
        "the first has films of 8 fps and 16000 Hz, the second of 12 fps and 16000 Hz: many scores change with the rate"
    ]
    fewer = replace(ours, counted={"event-count@1": list("bc")}, uncounted={"event-count@1": {"x/f.mp4": "-"}})
    assert caveats(ours, fewer) == ["films in the first only: 3, in the second only: 1"]


def test_reports_without_a_common_film(hard):
    with pytest.raises(SettingError, match=r"no film in common \(the first of each: 0\.mp4 and a\)"):
        compare(report(means(hard)), report(means(hard), [f"a{'a' * i}" for i in range(N)]))


def test_only_what_is_asked_for_is_compared():
    one = told(0.1, "vwxyz")
    both = replace(one, scores=(*one.scores, replace(one.scores[0], name="event-count-heard")))
    assert len(compare(both, both)) == len(compare(both, both, metrics=["event-count"])) == 2
    assert [found.name for found in compare(both, both, metrics=["event-count-heard"])] == ["event-count-heard"]
    with pytest.raises(SettingError, match=r"unknown score or metric .*did you mean 'event-count-heard'"):
        compare(both, both, metrics=["event-count-herd"])
    with pytest.raises(SettingError, match=r"give a list of names, \['event-count'\]"):
        compare(both, both, metrics="event-count")


def test_names_of_files_are_no_reports(hard):
    with pytest.raises(SettingError, match=r"read its file first, Report\.load\('b\.json'\)"):
        compare(report(means(hard)), "b.json")

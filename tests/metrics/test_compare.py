"""Paired differences: the same clips, so what clips have in common does not blur the comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phonofilm.errors import SettingError
from phonofilm.estimate import LeftOut, Ranks, Shares, mean, parts_from_json, quantile
from phonofilm.metrics import Better, Report, Score, compare
from phonofilm.metrics._maths.frechet import frechet
from phonofilm.metrics._maths.resample import jackknife

N = 60


def report(found, names=None, better=Better.HIGHER, **changes):
    row = Score("x", "x@1", found.value, "", better, found.n, parts=found.parts, reason=found.reason)
    names = [f"{i}.mp4" for i in range(found.clips)] if names is None else names
    return Report((replace(row, **changes),), found.clips, {}, counted={"x@1": names})


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
        ({"parts": None}, "no values of single clips"),
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
    ],
)
def test_parts_survive_json(parts):
    again = parts_from_json(parts.to_json())
    assert type(again) is type(parts)
    assert again.to_json() == parts.to_json()
    assert again.value == parts.value

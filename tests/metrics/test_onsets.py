"""Onsets against the public evaluations.

``PUBLISHED`` are accuracy and average precision by CondFoleyGen's ``eval_osnets``, F1 by MMAudio's ``eval_onsets.py``
(with the reference's onsets as labels), run on the same sounds with librosa 0.11 and scikit-learn.
"""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject
from phonofilm.metrics._features.onsets import Matched, matched, rated, thinned
from phonofilm.metrics._kinds.paired import Named
from phonofilm.metrics.onset_ap import OnsetAp, precision
from phonofilm.metrics.onset_f1 import OnsetF1

RATE = 22_050
PUBLISHED = (
    (0.5, 0.6138888888888889, 0.7272727272727273),
    (0.75, 0.7208333333333333, 1.0),
    (0.5, 0.6138888888888889, 0.5454545454545454),
    (1.0, 1.0, 1.0),
    (0.8333333333333334, 1.0, 1.0),
    (0.6, 0.8833333333333333, 0.6666666666666666),
    (0.5, 0.8333333333333333, 1.0),
    (0.0, 0.5, 0.0),
)


def sound(rng, times):
    wave = rng.standard_normal(4 * RATE) * 1e-3
    for time, level in zip(times, rng.uniform(0.1, 0.6, len(times)), strict=True):
        start = int(time * RATE)
        length = min(4000, len(wave) - start)
        wave[start : start + length] += level * rng.standard_normal(length) * np.exp(-np.arange(length) / 800)
    return np.clip(wave, -1, 1).astype(np.float32)


def pairs():
    """Sounds of random impacts, each with one that shares most of them, all moved by a little."""
    rng = np.random.default_rng(0)

    def levels(times):  # drawn before the noise, as the numbers were
        return rng.uniform(0.1, 0.6, len(times))

    def made(times, loud):
        wave = rng.standard_normal(4 * RATE) * 1e-3
        for time, level in zip(times, loud, strict=True):
            start = int(time * RATE)
            length = min(4000, len(wave) - start)
            wave[start : start + length] += level * rng.standard_normal(length) * np.exp(-np.arange(length) / 800)
        return np.clip(wave, -1, 1).astype(np.float32)

    for _ in PUBLISHED:
        true = np.sort(rng.uniform(0.3, 3.7, rng.integers(1, 9)))
        kept = true[rng.random(len(true)) < 0.8] + rng.normal(0, 0.05, 1)
        own = np.sort(np.concatenate([kept, rng.uniform(0.3, 3.7, rng.integers(0, 4))]))
        own = own[(own > 0.2) & (own < 3.8)]
        yield made(own, levels(own)), made(true, levels(true))


def subject(wave, name="a.mp4"):
    return Subject(name, Clip(None, wave[None], Fraction(0), RATE))


def test_pairs_score_as_the_public_code_has_it():
    ap, f1 = OnsetAp(), OnsetF1()
    found = []
    for own, true in pairs():
        a, b = (ap.features(subject(wave)) for wave in (own, true))
        both = ap.comparisons()
        last = f1.compare(*(f1.features(subject(wave)) for wave in (own, true)))
        found.append((both["onset-accuracy"](a, b), both["onset-ap"](a, b), last))
    assert np.array(found) == pytest.approx(np.array(PUBLISHED), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    true, confidence = rng.random(30) < 0.4, rng.integers(0, 8, 30) / 8  # with ties
    assert precision(Matched(true, confidence, 0)) == pytest.approx(
        average_precision_score(true, confidence), abs=1e-12
    )


def onsets(*rows):
    return np.array(rows, float).reshape(-1, 3)


def test_a_silent_clip_has_the_highest_average_precision():
    """A flaw of the definition, kept."""
    some = onsets((5000, 0.5, 0.5), (20_000, 0.5, 0.5))
    assert OnsetAp().compare(onsets(), some) == 1
    assert OnsetF1().compare(onsets(), some) == 0
    assert OnsetAp().comparisons()["onset-accuracy"](onsets(), some) == 0
    assert OnsetAp().compare(onsets(), onsets()) == OnsetF1().compare(onsets(), onsets()) == 1
    measured = [Named("a", onsets()), Named("b", some)]
    average, accuracy, count = OnsetAp().scores(measured, [Named("a", some), Named("b", some)], 0)
    assert average.note == "1 of 2 clips have no onset, and count 1" and not accuracy.note and not count.note
    assert OnsetAp().scores(measured[1:], [Named("b", some)], 0)[0].note == ""


def test_after_the_last_free_onset_nothing_counts():
    """Another one: one sound of five scores 1."""
    own = onsets((5000, 0.5, 0.5))
    true = onsets(*((5000 + 10_000 * i, 0.5, 0.5) for i in range(5)))
    assert OnsetAp().compare(own, true) == OnsetF1().compare(own, true) == 1
    assert OnsetAp().comparisons()["onset-accuracy"](own, true) == pytest.approx(0.2)


def test_the_highest_onset_within_reach_is_taken():
    own = onsets((1000, 0.4, 0.4), (1500, 0.9, 0.1), (9000, 0.3, 0.3))
    found = matched(own, [1200, 5000], 600)
    assert found.confidence.tolist() == [0.4, 0.0, 0.9, 0.3]
    assert found.true.tolist() == [True, True, False, False]
    assert matched(own, [400], 600).hits == 0  # a window is open


def test_heights_are_looked_up_by_the_place_among_free_onsets():
    own = onsets((1000, 0.1, 0.9), (5000, 0.2, 0.5), (5200, 0.3, 0.6))
    assert matched(own, [1000, 5100], 600).confidence.tolist() == [0.1, 0.3, 0.2]
    assert matched(own, [1000, 5100], 600, own[:, 2]).confidence.tolist() == [0.1, 0.2, 0.3]


def test_thinning_passes_over_every_second_neighbour():
    crowd = onsets(*((10_000 + 500 * i, 0.9 - 0.1 * i, 0) for i in range(3)))  # the first takes the second out
    assert thinned(crowd)[:, 0].tolist() == [10_000, 11_000]
    apart = onsets((10_000, 0.1, 0), (12_000, 0.9, 0))
    assert thinned(apart)[:, 0].tolist() == [10_000, 12_000]
    assert thinned(onsets()).shape == (0, 3)


def test_thinning_takes_out_what_is_within_50_ms():
    """Which are 1102.5 samples."""
    assert [len(thinned(onsets((9000, 0.9, 0), (9000 + apart, 0.1, 0)))) for apart in (1102, 1103)] == [1, 2]


def test_of_two_onsets_within_50_ms_the_surer_one_is_compared():
    """Else the higher one would be the hit, and the surer one be wrong."""
    own, one, two = onsets((9000, 0.3, 0.9), (9500, 0.9, 0.1)), onsets((9000, 0.5, 0.5)), onsets(*[(9000, 1, 1)] * 2)
    assert (OnsetAp().compare(own, one), OnsetF1().compare(own, one)) == (1, 1)
    assert OnsetAp().comparisons()["onset-accuracy"](own, two) == 0.5


def test_confidence_is_the_greatest_value_nearby():
    wave = np.zeros(10_000, np.float32)
    wave[[300, 2000, 3102]] = (0.5, 1.0, -1.0)
    assert rated(np.abs(wave), np.array([100, 2000, 3000])) == pytest.approx(
        np.array([(100, 0.5, 0), (2000, 1, 1), (3000, 1, 0)]), abs=1e-5
    )
    for apart, size in ((-1102, 1), (-1103, 0), (1101, 1), (1102, 0)):  # 50 ms and a sample more
        assert rated(np.eye(1, 9000, 4000 + apart)[0], np.array([4000]))[0, 1] == pytest.approx(size, abs=1e-5)
    assert rated(wave, np.array([6000]))[0].tolist() == pytest.approx([6000, 0.5, 0.5], abs=1e-5)


def test_only_the_first_seconds_count_for_f1():
    rng = np.random.default_rng(1)
    early, long = sound(rng, [0.5, 2.0]), np.zeros(10 * RATE, np.float32)
    long[: len(early)] = early
    long[9 * RATE : 9 * RATE + 500] = 0.5
    counts = [len(metric.features(subject(long))) for metric in (OnsetAp(), OnsetF1())]
    assert counts[0] == counts[1] + 1


def test_scores_over_pairs_with_chance():
    rng = np.random.default_rng(2)
    waves = [sound(rng, np.sort(rng.uniform(0.3, 3.7, 5))) for _ in range(4)]
    for metric in (OnsetAp(), OnsetF1()):
        records = [metric.measure(subject(wave, f"{i}.mp4")) for i, wave in enumerate(waves)]
        found = {score.name: score for score in metric.scores(records, records, seed=0)}
        assert found[metric.name].value == 1
        assert found[metric.name].chance < 1
        assert metric.scores(records, None, seed=0)[0].value is None

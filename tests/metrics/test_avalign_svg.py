from fractions import Fraction

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject
from phonofilm.metrics._features.peaks import Peaks
from phonofilm.metrics.avalign_svg import AvAlignSvg, align
from tests.metrics.test_peaks import square_at


def peaks(picture, sound, window=0.125):
    return Peaks(np.array(picture), np.array(sound), window, 2.0)


def test_three_sounds_around_one_movement():
    found = align(peaks([1.0], [0.95, 1.0, 1.05]))
    assert (found.precision, found.recall, found.iou) == (1.0, 1.0, 1.0)


def test_by_hand():
    found = align(peaks([0.5, 1.0, 1.5, 1.75], [0.5, 1.1]))
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert found.iou == pytest.approx(0.5 / (1 + 0.5 - 0.5))
    found = align(peaks([0.5, 1.0, 1.5], [0.51, 0.8]))
    assert found.iou == pytest.approx((1 / 2 * 1 / 3) / (1 / 2 + 1 / 3 - 1 / 6))


def test_exactly_one_frame_apart_does_not_match():
    assert align(peaks([1.0], [1.125])).iou == 0
    assert align(peaks([1.0], [1.1249])).iou == 1


@pytest.mark.parametrize(("picture", "sound"), [([], [1.0]), ([1.0], []), ([], [])])
def test_no_peaks_score_nothing(picture, sound):
    assert align(peaks(picture, sound)).iou == 0


def clip(at_frame, at_second):
    sound = np.zeros(32_000, np.float32)
    start = int(at_second * 16_000)
    sound[start : start + 800] = np.random.default_rng(0).standard_normal(800).astype(np.float32) * 0.2
    return Clip(square_at([8] * at_frame + [13] * (16 - at_frame)), sound[None], Fraction(8), 16_000)


def test_scores_of_clips_with_chance():
    metric = AvAlignSvg()
    together = [metric.measure(Subject(str(at), clip(at, at / 8))) for at in (3, 7, 12)]
    scores = {score.name: score for score in metric.scores(together, None, seed=0)}
    assert scores["avalign-svg"].value == 1
    assert scores["avalign-svg"].chance == 0
    assert scores["avalign-svg"].n == 3
    assert scores["avalign-svg"].definition == "avalign-svg@1"
    apart = [metric.measure(Subject("apart", clip(3, 1.2)))]
    assert metric.scores(apart, None, seed=0)[0].value == 0
    assert metric.scores(apart, None, seed=0)[0].chance is None

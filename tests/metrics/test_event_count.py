"""As many events as the sentence says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, sample_scene
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject, find
from phonofilm.metrics.event_count import Count, asked
from phonofilm.pair import AV


@pytest.mark.parametrize(
    ("sentence", "times"),
    [
        ("a drumstick hits a metal pipe twice", 2),
        ("Once a ball bounces", 1),
        ("a boot stamps on leaves three times", 3),
        ("a hammer strikes wood 12 times", 12),
        ("a mallet hits bars ten times", 10),
        ("a glass ball bounces on wood", None),
        ("it rings once, then twice", None),
        ("sometimes two times tables", 2),
        ("at all times", None),
        ("a ball bounces twice while gravel is hit", None),
        ("a drum is hit twice with a drumstick", 2),
        ("", None),
    ],
)
def test_sentences_say_how_many_times(sentence, times):
    assert asked(sentence) == times


def test_captions_say_what_their_scenes_do():
    """An oracle: the scene behind each caption knows its events."""
    told = [scene for scene in map(sample_scene, range(HELD_OUT, HELD_OUT + 200)) if asked(scene.caption) is not None]
    assert len(told) > 60
    assert all(asked(scene.caption) == len(scene.events) for scene in told)


def test_the_shares_of_right_counts():
    metric = find("event-count")
    counts = [Count(AV(2, 2), 2), Count(AV(3, 2), 2), Count(AV(1, 3), 1), Count(AV(0, 0), 4)]
    seen, heard = metric.scores(counts, None, 0)
    assert (seen.value, heard.value, seen.n) == (0.5, 0.5, 4)
    seen, _ = metric.scores([Count(AV(2, 2), 2), Count(AV(2, 2), 2), Count(AV(1, 1), 1)], None, 0)
    assert seen.value == 1
    assert seen.chance == pytest.approx(1 / 3, abs=0.01), "one of three meets its own number in every circle"
    nothing, _ = metric.scores([], None, 0)
    assert "how many times" in nothing.reason


def test_a_clip_counts_by_what_the_eye_and_the_ear_find(monkeypatch):
    found = AV(np.array([0.1, 0.2, 0.3]), np.array([0.5]))
    monkeypatch.setattr("phonofilm.metrics.event_count.events", lambda subject: found)
    clip = Clip(np.zeros((3, 8, 8, 3), np.uint8), np.zeros((1, 99), np.float32), Fraction(8), 16_000)
    metric = find("event-count")
    assert metric.measure(Subject("film", clip, "a bell rings twice")) == Count(AV(3, 1), 2)
    assert metric.measure(Subject("film", clip, "a bell rings")) is None
    assert metric.measure(Subject("film", clip)) is None

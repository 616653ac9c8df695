from dataclasses import replace

import numpy as np
import pytest

from phonofilm.metrics import Better
from phonofilm.metrics.event_sync import EventSync, Timing

FRAME = 1 / 12
SECONDS = 4.0


def timings(n=24, jitter=0.0, lag=0.0, seed=0):
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        seen = 0.3 + np.cumsum(rng.uniform(0.26, 0.6, int(rng.integers(1, 5))))
        out.append(Timing(seen, seen + lag + jitter * rng.standard_normal(len(seen)), FRAME, SECONDS))
    return out


def scores(measured, seed=0):
    return {score.name: score for score in EventSync().scores(measured, None, seed)}


def test_perfect_sync_is_perfect_and_chance_is_not():
    found = scores(timings())
    assert found["event-f1-frame"].value == found["event-f1-125ms"].value == found["event-hit-45ms"].value == 1
    assert found["event-unheard"].value == found["event-unseen"].value == 0
    assert found["event-offset-median"].value == found["event-error-p90"].value == 0
    assert found["event-f1-frame"].interval == (1, 1)
    assert 0 < found["event-f1-frame"].chance < 0.5
    assert found["event-error-p90"].chance > 200
    assert found["event-f1-frame"].n == 24


@pytest.mark.parametrize("lag", [-0.4, -0.21, 0.05, 0.4])
def test_a_shift_of_the_sound_moves_the_offset_by_itself(lag):
    found = scores(timings(lag=lag, jitter=0.004))
    assert found["event-offset-median"].value == pytest.approx(1000 * lag, abs=2)
    assert found["event-error-p50"].value == pytest.approx(1000 * abs(lag), abs=2)


def test_lag_zero_numbers_by_hand():
    """Pairs 20, 60 and 100 ms apart, one event unheard, two unseen; one frame is 83.3 ms."""
    one = Timing(np.array([0.3, 0.8, 1.7]), np.array([0.32, 0.9, 1.2]), FRAME, SECONDS)
    other = Timing(np.array([0.5]), np.array([0.56, 1.9]), FRAME, SECONDS)
    found = scores([one, other])
    assert found["event-hit-45ms"].value == 1 / 4
    assert found["event-hit-frame"].value == 2 / 4
    assert found["event-hit-125ms"].value == 3 / 4
    assert found["event-f1-frame"].value == 2 * 2 / (4 + 5)
    assert found["event-f1-125ms"].value == 2 * 3 / (4 + 5)
    assert found["event-unheard"].value == 1 / 2
    assert found["event-unseen"].value == 2 / 2
    assert found["event-offset-median"].value == pytest.approx(60)


def test_shuffled_clips_score_what_chance_says():
    clips = timings(n=200)
    wrong = [Timing(a.seen, b.heard, FRAME, SECONDS) for a, b in zip(clips, clips[1:] + clips[:1], strict=True)]
    true, mixed = scores(clips), scores(wrong)
    low, high = mixed["event-f1-125ms"].interval
    assert low < true["event-f1-125ms"].chance < high
    low, high = mixed["event-error-p50"].interval
    assert low < true["event-error-p50"].chance < high


def test_clips_without_events_give_reasons():
    empty = Timing(np.empty(0), np.empty(0), FRAME, SECONDS)
    found = scores([empty, empty])
    assert found["event-f1-frame"].value is None
    assert "no events" in found["event-f1-frame"].reason
    assert found["event-offset-median"].value is None
    assert found["event-unheard"].value == 0


def test_silent_clips_cost_recall_only():
    clips = [
        Timing(np.array([0.5]), np.array([0.5]), FRAME, SECONDS),
        Timing(np.array([0.5]), np.empty(0), FRAME, SECONDS),
    ]
    found = scores(clips)
    assert found["event-hit-frame"].value == 1 / 2
    assert found["event-unseen"].value == 0
    assert found["event-offset-median"].value == 0
    assert [found[name].n for name in ("event-hit-frame", "event-unseen", "event-offset-median")] == [2, 2, 1]
    assert found["event-offset-median"].interval is None, "one clip has a pair"


def test_of_films_whose_events_are_not_known_it_is_said_who_listens():
    unknown = Timing(np.array([0.5]), np.array([0.5]), FRAME, SECONDS)
    assert "trained on Clapperboard" in scores([unknown, replace(unknown, known=True)])["event-f1-frame"].note
    known = scores([replace(unknown, known=True)] * 2)
    assert {score.note for score in known.values()} == {""}


def test_each_score_says_what_it_is():
    found = scores(timings())
    assert {score.definition for score in found.values()} == {"event-sync@1"}
    assert found["event-error-p90"].unit == "ms"
    assert found["event-error-p90"].better is Better.LOWER
    assert found["event-f1-frame"].better is Better.HIGHER
    assert found["event-offset-median"].better is Better.NEARER_ZERO
    assert "bootstrap" in found["event-f1-frame"].method
    assert scores(timings(), seed=3)["event-f1-frame"].seed == 3

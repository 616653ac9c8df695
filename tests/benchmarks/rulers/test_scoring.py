import numpy as np

from phonofilm.benchmarks.rulers.scoring import described, measured, twins
from phonofilm.benchmarks.rulers.variants import TRUE
from phonofilm.metrics._features.peaks import Peaks
from phonofilm.metrics._kinds.agreement import Two
from phonofilm.metrics.avalign_svg import AvAlignSvg
from phonofilm.metrics.avalign_tempotokens_2023 import AvAlignTempoTokens2023
from phonofilm.metrics.event_sync import EventSync, Timing
from phonofilm.metrics.onset_f1 import OnsetF1

ONE = Peaks(np.array([0.5, 0.55, 1.5]), np.array([0.9]), 0.1, 2.0)
NONE = Peaks(np.empty(0), np.empty(0), 0.1, 2.0)


def test_twins_hold_the_same_times_on_both_sides():
    assert [(twin.picture.tolist(), twin.sound.tolist()) for twin in twins(ONE)] == [
        ([0.5, 0.55, 1.5],) * 2,
        ([0.9],) * 2,
    ]
    assert [twin.one is twin.other for twin in twins(Two(ONE, ONE))] == [True, True]
    (twin,) = twins(Timing(np.empty(0), np.array([0.3]), 0.1, 2.0))
    assert twin.seen is twin.heard
    assert list(twins(NONE)) == list(twins("a record of something else")) == []


def test_identity_and_the_greatest_are_of_every_clip():
    clips = [NONE] * 40 + [ONE]
    found = measured(AvAlignSvg(), {TRUE: clips}, "24")
    assert found["avalign-svg"]["identity"] == [1.0, 1.0]
    crowd = Peaks(np.array([0.5]), np.array([0.45, 0.5, 0.55]), 0.1, 2.0)
    of_many = measured(AvAlignTempoTokens2023(), {TRUE: [Two(one, one) for one in [NONE] * 40 + [crowd]]}, "24")
    assert of_many["avalign-tempotokens-2023"]["greatest"] == 3.0
    assert of_many["avalign-tempotokens-2023"]["identity"] == [1.0, 1.0]
    times = measured(EventSync(), {TRUE: [Timing(np.array([0.1, 0.5]), np.array([0.9]), 0.1, 2.0)] * 2}, "24")
    assert times["event-f1-frame"]["identity"] == [1.0, 1.0]


def test_what_was_done_is_held_against_the_same_clips():
    clips = [Peaks(np.array([0.5, 1.0]), np.array([0.5, 1.0]) + 0.3 * (i % 2), 0.1, 2.0) for i in range(40)]
    deaf = [None, *[Peaks(one.picture, one.sound + 0.3, 0.1, 2.0) for one in clips[1:]]]
    found = measured(AvAlignSvg(), {TRUE: clips, "late": deaf, "blur": clips}, "24")["avalign-svg"]
    assert found["values"]["blur"]["difference"] == [0.0, 0.0]
    low, high = found["values"]["late"]["difference"]
    assert low < -19 / 39 < high < 0
    assert found["sees"] == {"late": "worse", "blur": "no"}


def test_sizes_are_those_that_there_are_and_all():
    found = measured(AvAlignSvg(), {TRUE: [ONE, NONE] * 20}, "24")["avalign-svg"]
    assert (set(found["noise"]), found["values"][TRUE]["n"]) == ({"32", "all"}, 40)


def test_what_a_metric_is():
    assert described(AvAlignSvg()) == {
        "definition": "avalign-svg@1",
        "published": "arXiv 2409.17550 after 2309.16429",
        "uses": [True, True],
        "against_itself": False,
    }
    assert described(EventSync())["published"] is None
    assert described(OnsetF1())["uses"] == [False, True]
    assert described(OnsetF1())["against_itself"]

"""A score without a value says why, and what it says is true of that score."""

from __future__ import annotations

import numpy as np
import pytest

from phonofilm.metrics.event_detectors import EventDetectors, compare
from phonofilm.metrics.event_sync import EventSync, Timing
from phonofilm.metrics.material_match import Look, MaterialMatch
from phonofilm.pair import AV

NONE, ONE, FAR = np.array([]), np.array([0.5]), np.array([1.5])


def reasons(metric, measured):
    return {score.name: score.reason for score in metric.scores(measured, None, 0) if score.value is None}


def detected(found, true):
    """The same of both detectors, in two clips."""
    return [AV.both(compare(found, true, 0.045))] * 2


@pytest.mark.parametrize(
    ("found", "true", "expected"),
    [
        (NONE, ONE, {"precision": "sees no event", "offset-median": "sees no event", "error-p90": "sees no event"}),
        (ONE, NONE, {"recall": "can be seen", "offset-median": "can be seen", "error-p90": "can be seen"}),
        (ONE, FAR, {"offset-median": "within one frame", "error-p90": "within one frame"}),
        (NONE, NONE, dict.fromkeys(("precision", "offset-median", "error-p90"), "sees no") | {"recall": "can be seen"}),
        (ONE, ONE, {}),
    ],
)
def test_detectors_tell_nothing_found_from_nothing_there(found, true, expected):
    said = reasons(EventDetectors(), detected(found, true))
    eye = {name.removeprefix("eye-"): reason for name, reason in said.items() if name.startswith("eye-")}
    assert eye.keys() == expected.keys()
    assert [words for name, words in expected.items() if words not in eye[name]] == []
    assert not any("manifest that lists them" in reason for reason in said.values())


def test_the_ear_speaks_of_hearing():
    said = reasons(EventDetectors(), detected(NONE, ONE))
    assert "the ear hears no event" in said["ear-precision"]
    assert said.keys() >= {"ear-error-p90", "eye-error-p90"}


def test_without_known_events_every_row_asks_for_a_manifest():
    said = reasons(EventDetectors(), [])
    assert len(said) == 8
    assert all("manifest that lists them" in reason for reason in said.values())


HITS = ("event-hit-45ms", "event-hit-125ms", "event-hit-frame")
ERRORS = ("event-offset-median", "event-error-p50", "event-error-p90")
F1 = ("event-f1-frame", "event-f1-125ms")


@pytest.mark.parametrize(
    ("seen", "heard", "missing", "words"),
    [
        (NONE, ONE, HITS + ERRORS, "no events were seen in the clips, though some were heard"),
        (ONE, NONE, ERRORS, "no events were heard in the clips, though some were seen"),
        (NONE, NONE, F1 + HITS + ERRORS, "no events were found"),
        (ONE, FAR, ERRORS, "within 600 ms"),
    ],
)
def test_sync_tells_nothing_seen_from_nothing_heard(seen, heard, missing, words):
    said = reasons(EventSync(), [Timing(seen, heard, 1 / 8, 2.0)] * 2)
    assert set(said) == set(missing)
    assert all(words in reason for reason in said.values())


def test_without_clips_there_are_no_clips():
    assert set(reasons(EventSync(), []).values()) == {"there are no clips to score"}


def test_materials_tell_silence_from_sentences_without_material():
    metal, nothing = frozenset({"metal"}), frozenset()
    silent = [Look(AV("metal", None), AV(metal, nothing))] * 2
    assert reasons(MaterialMatch(), silent).keys() == {"material-sound"}
    assert "asks for silence" in reasons(MaterialMatch(), silent)["material-sound"]
    unseen = [Look(AV("wood", "metal"), AV(nothing, metal))] * 2
    assert "to be seen" in reasons(MaterialMatch(), unseen)["material-picture"]
    assert all("names a material" in reason for reason in reasons(MaterialMatch(), []).values())

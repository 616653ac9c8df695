"""The detectors against known events, by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from phonofilm.events import Event
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject
from phonofilm.metrics.event_detectors import EventDetectors
from phonofilm.pair import AV


def event(seconds: float, visible: bool = True, audible: bool = True) -> Event:
    return Event(round(1000 * seconds), 1000, "ball", "glass", 0.8, 0.5, 0.5, 0.0, visible, audible)


def subject(truth: tuple[Event, ...] | None) -> Subject:
    """Two seconds at 10 frames a second, so that a frame lasts 100 ms."""
    frames, sound = np.zeros((20, 8, 8, 3), np.uint8), np.zeros((1, 2000), np.float32)
    return Subject("film", Clip(frames, sound, Fraction(10), 1000), truth=truth)


def test_what_each_detector_found_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The eye 90 ms off is within a frame, and 110 ms are not; the ear 40 ms off is within 45 ms, and 50 ms are not."""
    found = AV(np.array([0.59, 1.11]), np.array([0.46, 1.55]))
    monkeypatch.setattr("phonofilm.metrics.event_detectors.events", lambda subject: found)
    truth = (event(0.5), event(1.0, audible=False), event(1.5, visible=False), event(1.8, visible=False))
    metric = EventDetectors()
    record = metric.measure(subject(truth))
    assert record is not None
    scores = {one.name: one.value for one in metric.scores([record], None, 0)}
    assert scores == {
        "eye-precision": 1 / 2,
        "eye-recall": 1 / 2,
        "eye-offset-median": pytest.approx(90),
        "eye-error-p90": pytest.approx(90),
        "ear-precision": 1 / 2,
        "ear-recall": 1 / 3,
        "ear-offset-median": pytest.approx(-40),
        "ear-error-p90": pytest.approx(40),
    }


def test_a_clip_whose_events_are_not_known_does_not_count() -> None:
    assert EventDetectors().measure(subject(None)) is None

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from phonofilm.events import Event

EVENT = Event(1234, 16_000, "ball", "glass", 0.8, 0.5, 1.25, -1.0, visible=False)


def test_an_event_comes_back_from_json():
    assert Event.from_json(EVENT.to_json()) == EVENT
    assert EVENT.time == Fraction(617, 8000)


def test_whole_numbers_may_stand_for_fractions():
    assert Event.from_json({**EVENT.to_json(), "strength": 1, "x": 0}).x == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample", "1234"),
        ("sample", 12.5),
        ("sample", True),
        ("sample", -1),
        ("sample_rate", 0),
        ("source", None),
        ("material", 5),
        ("strength", "loud"),
        ("x", math.nan),
        ("pan", math.inf),
        ("visible", 1),
        ("audible", "no"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(name, value):
    with pytest.raises(ValueError, match=rf"{name} of an event"):
        Event.from_json({**EVENT.to_json(), name: value})


def test_fields_are_complete_and_known():
    row = EVENT.to_json()
    with pytest.raises(ValueError, match="loudness"):
        Event.from_json({**row, "loudness": 1})
    del row["pan"]
    with pytest.raises(ValueError, match="pan"):
        Event.from_json(row)
    with pytest.raises(ValueError, match="not 'hit'"):
        Event.from_json("hit")

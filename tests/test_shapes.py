from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonofilm.errors import PhonofilmError, SettingError
from phonofilm.shapes import ClipShape, exact, frame_of, nearest, sample_of, whole


def test_floats_mean_what_they_print():
    assert exact(0.1) == Fraction(1, 10)
    assert exact("30000/1001") == Fraction(30000, 1001)
    assert exact(2) == 2


def test_halves_go_up():
    assert [nearest(Fraction(n, 2)) for n in (-3, -1, 1, 3, 5)] == [-1, 0, 1, 2, 3]


@given(st.fractions(), st.integers(1, 10**6))
def test_nearest_is_within_half(value, rate):
    assert abs(nearest(value) - value) <= Fraction(1, 2)
    assert abs(Fraction(sample_of(value, rate), rate) - value) <= Fraction(1, 2 * rate)


@given(st.fractions(min_value=0), st.fractions(min_value=Fraction(1, 10), max_value=240))
def test_the_frame_of_a_time_is_on_screen(time, fps):
    frame = frame_of(time, fps)
    assert frame / fps <= time < (frame + 1) / fps


def test_lengths_are_derived():
    shape = ClipShape(Fraction(2), Fraction(12), 64, 48, 16_000)
    assert (shape.frames, shape.samples, shape.channels) == (24, 32_000, 1)
    ntsc = ClipShape(Fraction(1001, 1000), Fraction(30000, 1001), 64, 64, 48_000, 2)
    assert (ntsc.frames, ntsc.samples) == (30, 48_048)


def test_a_length_that_is_not_whole_is_refused():
    with pytest.raises(
        SettingError, match="7/3 frames are no whole number: choose seconds times rate to give whole frames"
    ):
        _ = ClipShape(Fraction(1, 3), Fraction(7), 64, 64, 16_000).frames
    with pytest.raises(PhonofilmError, match="1/2 samples are no whole number"):
        whole(Fraction(1, 2), "samples")

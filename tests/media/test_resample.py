"""Clocks: which picture each tick gets, and sound that neither moves nor loses a sample."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonofilm.errors import MediaError
from phonofilm.media.resample import (
    Clock,
    Shown,
    on_clock,
    resample_audio,
    resample_frames,
    sample_window,
)

RATES = st.sampled_from([Fraction(8), Fraction(12), Fraction(15), Fraction(24000, 1001), Fraction(30), Fraction(60)])


def steady(count: int, fps: Fraction) -> list[Shown[int]]:
    return [Shown(i / fps, (i + 1) / fps, i) for i in range(count)]


@given(RATES, RATES, st.integers(1, 90))
def test_every_tick_gets_the_picture_nearest_to_it_without_drift(source, fps, count):
    got = list(on_clock(steady(count, source), Clock(Fraction(0), fps)))
    assert abs(len(got) / fps - count / source) <= 1 / (2 * fps) or len(got) == 1
    for tick, picture in enumerate(got[:-1]):
        middle_of_picture, middle_of_tick = (picture + Fraction(1, 2)) / source, (tick + Fraction(1, 2)) / fps
        assert abs(middle_of_picture - middle_of_tick) <= 1 / (2 * source) + Fraction(1, 1000)


@given(RATES, st.integers(1, 90), st.integers(0, 1000))
def test_at_its_own_rate_jittered_stamps_lose_and_double_nothing(fps, count, seed):
    jitter = np.random.default_rng(seed).integers(-6, 7, count)
    stamps = [i / fps + Fraction(int(jitter[i]), 10000) for i in range(count)]
    shown = [Shown(start, start + 1 / fps, i) for i, start in enumerate(stamps)]
    assert list(on_clock(shown, Clock(Fraction(0), fps))) == list(range(count))


def test_known_choices():
    assert list(resample_frames(np.arange(9), Fraction(30), Fraction(10))) == [1, 4, 7]
    assert list(resample_frames(np.arange(8), Fraction(60), Fraction(30))) == [0, 2, 4, 6]
    assert list(resample_frames(np.arange(3), Fraction(8), Fraction(24))) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert list(resample_frames(np.arange(4), Fraction(8), Fraction(12))) == [0, 0, 1, 2, 2, 3]
    assert list(resample_frames(np.arange(1), Fraction(30), Fraction(1))) == [0]
    assert len(resample_frames(np.zeros((0, 3)), Fraction(30), Fraction(8))) == 0


@pytest.mark.parametrize(("source", "fps"), [(8, 24), (30, 8), (30, 12), (24, 10), (25, 30)])
def test_onsets_come_as_often_early_as_late(source, fps):
    source, fps = Fraction(source), Fraction(fps)
    errors = []
    for onset in range(20, 20 + 2 * source.numerator):
        got = resample_frames(np.arange(onset + 40) >= onset, source, fps)
        errors.append(np.argmax(got) / fps - onset / source)
    assert max(abs(error) for error in errors) <= 1 / (2 * fps) + Fraction(1, 1000)
    assert abs(sum(errors) / len(errors)) <= Fraction(1, 4) / max(source, fps)


def test_a_picture_held_for_long_is_not_given_up_early():
    shown = [Shown(Fraction(0), Fraction(5), "still"), Shown(Fraction(5), Fraction(6), "flash")]
    got = list(on_clock(shown, Clock(Fraction(0), Fraction(10))))
    assert got.index("flash") == 50 and len(got) == 60


def test_clock_stops_at_its_ticks_and_reads_no_further():
    def endless():
        i = 0
        while True:
            yield Shown(Fraction(i), Fraction(i + 1), i)
            i += 1

    assert list(on_clock(endless(), Clock(Fraction(2), Fraction(1), 3))) == [2, 3, 4]


def test_nothing_is_shown_after_the_end():
    assert list(on_clock(steady(8, Fraction(8)), Clock(Fraction(2), Fraction(8)))) == []


@pytest.mark.parametrize(("source_rate", "rate"), [(44100, 16000), (48000, 16000), (16000, 44100), (12000, 22050)])
def test_resampled_sine_equals_the_sine_taken_at_the_new_times(source_rate, rate):
    def sine(at):
        return 0.5 * np.sin(2 * np.pi * 440 * np.arange(at) / at)[None].astype(np.float32)

    got = resample_audio(sine(source_rate), source_rate, rate)
    assert got.shape == (1, rate) and got.dtype == np.float32
    middle = slice(rate // 4, -rate // 4)
    assert np.abs(got - sine(rate))[:, middle].max() < 1e-4


@pytest.mark.parametrize(("source_rate", "rate"), [(44100, 16000), (16000, 48000)])
def test_a_click_does_not_move(source_rate, rate):
    sound = np.zeros((2, source_rate), np.float32)
    sound[:, source_rate // 2] = 1
    got = resample_audio(sound, source_rate, rate)
    assert (np.abs(got).argmax(axis=1) == rate // 2).all()


def test_same_rate_is_untouched_and_bad_rates_are_refused():
    sound = np.zeros((3, 5), np.float32)
    assert resample_audio(sound, 16000, 16000) is sound
    with pytest.raises(MediaError, match="positive"):
        resample_audio(sound, 16000, 0)
    with pytest.raises(MediaError, match="positive"):
        resample_frames(sound, Fraction(8), Fraction(0))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(44100, 16000), (16000, 44100), (48000, 16000), (22050, 16000), (16000, 16000)]),
    st.integers(0, 40000),
    st.integers(1, 9000),
)
def test_a_window_is_the_same_slice_of_the_whole(rates, first, count):
    source_rate, rate = rates
    whole = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 3 * source_rate)).astype(np.float32)
    window = sample_window(first, count, source_rate, rate)
    begin, stop = window.source
    cut = resample_audio(whole[:, begin:stop], source_rate, rate)[:, window.skip :][:, : window.count]
    expected = resample_audio(whole, source_rate, rate)[:, first : first + count]
    assert cut.shape == expected.shape
    assert np.abs(cut - expected).max(initial=0) < 1e-6

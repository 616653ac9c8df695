"""Metrics by formula: flicker, log-spectral distance, clipping and silence."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject, find
from phonofilm.metrics.log_spectral_distance import distance, spectrum
from tests.metrics.heard import waves

FLICKER, LSD = find("temporal-flicker"), find("log-spectral-distance")
CLIPPING, SILENCE = find("clipping"), find("silence")


def seen(frames, name="film.mp4"):
    return Subject(name, Clip(np.asarray(frames, np.uint8), None, Fraction(8), 16_000))


def heard(sound, rate=16_000, name="film.mp4"):
    return Subject(name, Clip(None, np.atleast_2d(sound).astype(np.float32), Fraction(8), rate))


def test_flicker_is_vbenchs():
    """Oracle: (255 - mean |difference|) / 255, and numbers by hand."""
    frames = np.random.default_rng(0).integers(0, 256, (5, 7, 11, 3), np.uint8)
    apart = np.abs(np.diff(frames.astype(float), axis=0)).mean()
    assert FLICKER.measure(seen(frames)) == pytest.approx((255 - apart) / 255)
    still, blinking = np.full((4, 2, 2, 3), 9), np.arange(4)[:, None, None, None] % 2 * np.full((2, 2, 3), 255)
    assert FLICKER.measure(seen(still)) == 1
    assert FLICKER.measure(seen(blinking)) == 0
    assert FLICKER.measure(seen(blinking[[0, 0, 0, 1]])) == pytest.approx(2 / 3)


def test_flicker_needs_two_frames():
    with pytest.raises(MediaError, match="at least two frames"):
        FLICKER.measure(seen(np.zeros((1, 2, 2, 3))))
    with pytest.raises(MediaError, match=r"film\.mp4 has no picture"):
        FLICKER.measure(heard(np.zeros(99)))


def test_the_spectrum_is_torchs():
    sound = torch.from_numpy(waves(1.01, 16_000)[0].astype(np.float64))
    hann = torch.hann_window(743, dtype=torch.float64)
    theirs = torch.stft(sound, 743, 160, window=hann, pad_mode="constant", return_complex=True).abs().T
    assert spectrum(sound.numpy()) == pytest.approx(theirs.numpy(), abs=1e-9)


@pytest.mark.parametrize(
    ("silent", "theirs"), [(None, 2.2412245051680952), ("true", 12.0), ("both", 12.0), ("own", 14.63670825958252)]
)
def test_the_log_spectral_distance_is_that_of_ssr_eval(silent, theirs):
    """Numbers of ``AudioMetrics(16000).lsd`` of haoheliu/ssr_eval with librosa 0.11; in float32 where one is silent.

    Where both are, 12 is its formula at zeros, from the constants alone.
    """
    own, true = waves(2.3, 16_000)[0], waves(2.3, 16_000, pitch=500)[0] + waves(2.3, 16_000)[1]
    if silent == "both":
        own, true = 0 * own, 0 * own
    elif silent == "true":
        own, true = own, 0 * own
    elif silent == "own":
        own, true = 0 * own, own
    assert distance(own, true) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(("begin", "end", "there"), [(0, 743, 1), (300, 1042, 0), (15_257, 16_000, 1), (0, 16_000, 1)])
def test_the_log_spectral_distance_tells_of_digital_silence(begin, end, there):
    sound = waves(1.0, 16_000)[0] + 0.1
    sound[begin:end] = 0
    one = LSD.measure(heard(sound))
    (score,) = LSD.scores([one], [one], 0)
    assert ("1 of 1 reference clips hold digital silence" in score.note) == bool(there)
    assert (score.value > 0.05) == bool(there)


def test_ten_decibels_are_one():
    sound = np.random.default_rng(0).standard_normal(16_000)
    assert distance(10 ** (-10 / 20) * sound, sound) == pytest.approx(1)
    assert distance(sound, sound) == pytest.approx(0, abs=1e-9)


def test_it_compares_clips_of_one_name_as_long_as_the_shorter_lasts():
    own = [LSD.measure(heard(waves(1.0, 48_000, pitch), 48_000, f"a/{pitch}.mp4")) for pitch in (300, 500)]
    true = [LSD.measure(heard(waves(1.5, 48_000, pitch), 48_000, f"b/{pitch}.mkv")) for pitch in (500, 300)]
    found = LSD.scores(own, true, 0)[0]
    assert len(own[0].features) == 16_000
    assert found.value < 0.1 < found.chance
    with pytest.raises(SettingError, match="300 has none"):
        LSD.scores(own, true[:1], 0)


def test_samples_at_full_scale_are_clipped():
    sound = np.array([[1.0, -1.0, 32_767 / 32_768, 1.2, 32_766 / 32_768, 0], [0, 0, 0, 0, 0, -0.999]])
    assert CLIPPING.measure(heard(sound)) == 4 / 12
    assert CLIPPING.measure(heard(np.clip(2 * np.sin(np.arange(16_000) * 0.1), -1, 1))) == pytest.approx(
        2 / 3, abs=0.01
    )


def test_silence_is_counted_by_windows_of_50_ms_and_by_clips():
    below, above = np.full(800, 0.9e-3), np.full(800, 1.1e-3)
    assert SILENCE.measure(heard(np.concatenate([below, above, above, below[:80]]))) == 2 / 4
    assert SILENCE.measure(heard(np.stack([np.full(800, 1.3e-3), np.zeros(800)]))) == 1  # power of both channels
    share, clips = SILENCE.scores([1.0, 0.5, 0.0, 0.1], None, 0)
    assert (share.name, clips.name) == ("silence", "silence-clips")
    assert share.value == pytest.approx(0.4)
    assert clips.value == 0.25


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_silence_does_not_depend_on_the_rate(rate):
    quiet = np.concatenate([np.zeros(rate), 0.1 * np.sin(np.arange(rate) * 0.3)])
    assert SILENCE.measure(heard(quiet, rate)) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", [LSD, CLIPPING, SILENCE, find("loudness")])
def test_a_film_without_sound_is_named(metric):
    with pytest.raises(MediaError, match=r"film\.mp4 has no sound"):
        metric.measure(seen(np.zeros((3, 2, 2, 3))))

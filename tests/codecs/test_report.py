"""The codec report measures what was done to a clip, to the sample and the decibel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from phonofilm.codecs import Codec
from phonofilm.codecs.identity import Pictures, Sound
from phonofilm.codecs.onset import isolated_onsets, onset_near
from phonofilm.codecs.report import codec_report, moving_psnr, psnr
from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip

RATE = 16_000
ATTACKS = (2_345, 9_871, 20_002)


def strikes(attacks: tuple[int, ...] = ATTACKS, seed: int = 0) -> np.ndarray:
    """Damped tones in digital silence."""
    random = np.random.default_rng(seed)
    sound = np.zeros(32_000, np.float32)
    for attack in attacks:
        time = np.arange(4_000) / RATE
        sound[attack : attack + 4_000] += (
            0.4 * np.exp(-25 * time) * np.cos(2 * np.pi * random.uniform(300, 3000) * time)
        )
    return sound


def clip(seed: int = 0) -> Clip:
    frames = np.full((5, 16, 24, 3), 50, np.uint8)
    for index, frame in enumerate(frames):
        frame[4:8, 4 * index : 4 * index + 4] = 200
    return Clip(frames, strikes(seed=seed)[None], Fraction(5, 2), RATE)


class Late(Sound):
    """Plays everything some samples late, and quieter."""

    def __init__(self, samples: int, gain: float) -> None:
        super().__init__()
        self.samples, self.gain = samples, gain

    def decode(self, latents: Tensor, samples: int) -> Tensor:
        return self.gain * super().decode(latents, samples).roll(self.samples, 1)


class Brighter(Pictures):
    """Adds some 8-bit steps."""

    def decode(self, latents: Tensor) -> Tensor:
        return latents + 5 / 127.5


def test_onsets_are_found_to_the_sample() -> None:
    found = isolated_onsets(strikes(), RATE)
    assert np.abs(np.subtract(found, ATTACKS)).max() <= 1


@pytest.mark.parametrize("noise", [1e-4, 1e-3])
def test_onsets_survive_a_noise_floor(noise: float) -> None:
    sound = strikes() + noise * np.random.default_rng(1).standard_normal(32_000).astype(np.float32)
    assert np.abs(np.subtract(isolated_onsets(sound, RATE), ATTACKS)).max() <= 8


def test_no_onset_where_all_is_silent_or_steady() -> None:
    assert isolated_onsets(np.zeros(32_000, np.float32), RATE) == []
    steady = np.sin(np.arange(32_000) / 5).astype(np.float32)
    assert isolated_onsets(steady, RATE) == []
    assert onset_near(np.zeros(32_000, np.float32), RATE, 5_000) is None


def test_an_attack_before_the_last_has_died_away_is_passed_over() -> None:
    assert len(isolated_onsets(strikes((3_000, 3_700)), RATE)) == 1


@pytest.mark.parametrize("late", [0, 16, -48, 160])
def test_report_measures_a_shift(late: int) -> None:
    report = codec_report(Codec(Pictures(), Late(late, 0.8)), [clip(seed) for seed in range(3)])
    shift, error = report["onset_shift_ms"], report["onset_error_ms"]
    assert shift is not None
    assert error is not None
    assert shift.value == pytest.approx(late * 1000 / RATE, abs=0.07)
    assert error.value == pytest.approx(abs(late) * 1000 / RATE, abs=0.07)
    assert (shift.n, shift.clips) == (9, 3)


def test_report_counts_lost_attacks() -> None:
    report = codec_report(Codec(Pictures(), Late(0, 0.0)), [clip()])
    lost = report["onsets_lost"]
    assert lost is not None
    assert (lost.value, lost.n) == (1.0, 3)
    unheard = report["onset_error_ms"]
    assert unheard.value is None
    assert unheard.reason is not None


def test_log_mel_error_of_a_gain_is_its_logarithm() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 32_000)).astype(np.float32)
    noisy = Clip(clip().frames, noise, Fraction(5, 2), RATE)
    error = codec_report(Codec(Pictures(), Late(0, 0.5)), [noisy])["log_mel_error"]
    assert error is not None
    assert error.value == pytest.approx(np.log(2), abs=1e-3)


def test_loud_log_mel_error_looks_at_loud_bins_only() -> None:
    """A faint noise added to clicks in silence changes the quiet bins a lot and the loud ones hardly."""

    class Hissing(Sound):
        def decode(self, latents: Tensor, samples: int) -> Tensor:
            return super().decode(latents, samples) + 1e-3 * torch.randn(1, samples)

    torch.manual_seed(0)
    report = codec_report(Codec(Pictures(), Hissing()), [clip()])
    everywhere, loud = report["log_mel_error"], report["loud_log_mel_error"]
    assert everywhere is not None
    assert loud is not None
    assert everywhere.value > 1
    assert loud.value < everywhere.value / 8
    assert 0 < loud.n < 200 * 64


def test_psnr_of_a_known_error() -> None:
    report = codec_report(Codec(Brighter(), Sound()), [clip()])
    for name in ("psnr_db", "moving_psnr_db"):
        value = report[name]
        assert value is not None
        assert value.value == pytest.approx(20 * np.log10(255 / 5), abs=1e-6)


def test_moving_psnr_sees_only_what_moves() -> None:
    before = clip().frames
    assert before is not None
    after = before.copy()
    after[:, 12:] = 255  # still background
    assert moving_psnr(before, after) == pytest.approx(99)
    assert psnr(before, after).max() < 15
    assert len(moving_psnr(before[:1], after[:1])) == 0


def test_no_clips_is_an_error() -> None:
    with pytest.raises(SettingError, match="at least one clip"):
        codec_report(Codec(Pictures(), Sound()), [])
    assert torch.is_grad_enabled()

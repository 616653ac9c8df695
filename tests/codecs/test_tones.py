"""Oscillators steered by a log-mel play the tones that it was made from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phonofilm.codecs.mel import HOP, SAMPLE_RATE, LogMel
from phonofilm.codecs.tones import Tones


def tone(hertz: float, amplitude: float = 0.3, seconds: float = 1.0) -> torch.Tensor:
    time = torch.arange(int(seconds * SAMPLE_RATE), dtype=torch.float64) / SAMPLE_RATE
    return (amplitude * torch.cos(2 * torch.pi * hertz * time)).float()[None]


@pytest.mark.parametrize("hertz", [130.0, 437.0, 999.0, 1500.0, 2345.0, 5000.0])
def test_a_tone_is_found_to_a_hertz(hertz: float) -> None:
    amplitude, found = Tones().steer(LogMel()(tone(hertz)))
    loudest = int(amplitude[0, 50].argmax())
    assert float(found[0, 50, loudest]) == pytest.approx(hertz, abs=1)
    # between half (shared with a neighbour) and the whole of it
    assert 0.14 < float(amplitude[0, 50].max()) < 0.33


def test_a_chord_comes_back_with_its_levels() -> None:
    log_mel, tones = LogMel(), Tones()
    places = (7, 27, 50)  # in the middle of their bands: between two, a pair of oscillators shares the tone
    hertz = [float(tones.centres[band + 1]) for band in places]
    wanted = log_mel(tone(hertz[0]) + tone(hertz[1], 0.1) + tone(hertz[2], 0.03))
    got = log_mel(tones(wanted, torch.ones_like(wanted)))
    torch.testing.assert_close(got[0, 10:-10, places], wanted[0, 10:-10, places], atol=0.25, rtol=0)


def test_phase_runs_on_without_a_break() -> None:
    """The sound of a steady tone is one cosine: no line beside it above -40 dB."""
    mel = LogMel()(tone(1500))
    sound = Tones()(mel, torch.ones_like(mel))[0, 4000:12_192]
    spectrum = torch.fft.rfft(sound * torch.hann_window(len(sound))).abs()
    peak = int(spectrum.argmax())
    assert peak * SAMPLE_RATE / len(sound) == pytest.approx(1500, abs=2)
    beside = spectrum.clone()
    beside[peak - 4 : peak + 5] = 0
    assert beside.max() < 0.01 * spectrum.max()


def test_a_changing_frequency_keeps_its_phase() -> None:
    """Oracle: the integral of a linear sweep, sampled."""
    hertz = torch.linspace(400, 600, 41)[None, :, None].repeat(1, 1, 3)
    carriers = Tones().carriers(hertz)[0, :-1, 0].flatten().numpy()
    time = np.arange(40 * HOP) / SAMPLE_RATE
    rate = (600 - 400) / (40 * HOP / SAMPLE_RATE)
    np.testing.assert_allclose(carriers, np.cos(2 * np.pi * (400 * time + rate * time**2 / 2)), atol=2e-3)


def test_silence_is_silent() -> None:
    mel = LogMel()(torch.zeros(2, 8000))
    assert Tones()(mel, torch.ones_like(mel)).abs().max() < 1e-6


def test_share_scales_and_carries_the_gradient() -> None:
    mel = LogMel()(tone(700, seconds=0.2))
    tones = Tones()
    share = torch.full_like(mel, 0.5, requires_grad=True)
    sound = tones(mel, share)
    torch.testing.assert_close(2 * sound, tones(mel, torch.ones_like(mel)))
    sound.square().sum().backward()
    assert share.grad is not None
    assert share.grad.abs().sum() > 0

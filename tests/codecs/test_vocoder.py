"""Vocoders and Griffin-Lim: lengths, locality in time, and that both turn a log-mel into its sound."""

from __future__ import annotations

import pytest
import torch

from phonofilm.codecs.griffin_lim import griffin_lim, linear_spectrum
from phonofilm.codecs.mel import HOP, SAMPLE_RATE, LogMel
from phonofilm.codecs.vocoder import HifiGan, HifiGanConfig, Vocoder, VocoderConfig
from phonofilm.errors import SettingError

SMALL = VocoderConfig(width=8, blocks=2, kernel=3, expansion=2)


def mel(frames: int, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, frames, 64, generator=torch.Generator().manual_seed(0)) - 4


@pytest.mark.parametrize("spectra", [1, 2, 5])
@pytest.mark.parametrize("gates", [0, 16])
@pytest.mark.parametrize("tones", [False, True])
def test_a_frame_gives_a_hop_of_sound(spectra: int, gates: int, tones: bool) -> None:
    vocoder = Vocoder(SMALL.model_copy(update={"spectra": spectra, "gates": gates, "tones": tones}))
    assert vocoder(mel(7)).shape == (2, 7 * HOP)


def test_hop_that_does_not_divide_is_refused() -> None:
    with pytest.raises(SettingError, match="spectra=3 must divide"):
        Vocoder(VocoderConfig(spectra=3))


def test_a_frame_changes_the_sound_around_it_only() -> None:
    torch.manual_seed(0)
    vocoder = Vocoder(SMALL).eval()
    one = mel(41)
    other = one.clone()
    other[:, 20] += 1
    with torch.no_grad():
        changed = (vocoder(one) - vocoder(other)).abs().amax(0)
    # three convolutions of 3 frames see 3 frames to either side; then half a synthesis window
    reach = 4 * HOP + SMALL.window // 2
    assert changed[20 * HOP - reach : 20 * HOP + reach].max() > 1e-4
    assert changed[: 20 * HOP - reach].max() == 0
    assert changed[20 * HOP + reach + HOP :].max() == 0


def test_batch_items_do_not_mix() -> None:
    torch.manual_seed(0)
    vocoder = Vocoder(SMALL).eval()
    with torch.no_grad():
        torch.testing.assert_close(vocoder(mel(11))[1:], vocoder(mel(11)[1:]), atol=1e-5, rtol=1e-4)


def test_hifigan_has_the_length_of_its_log_mel() -> None:
    assert HifiGan(HifiGanConfig(width=32)).eval()(mel(5)).shape == (2, 5 * HOP)


def test_pseudo_inverse_spectrum_has_the_given_mel() -> None:
    tone = 0.3 * torch.sin(2 * torch.pi * 700 * torch.arange(16_000) / SAMPLE_RATE)[None]
    log_mel = LogMel()
    wanted = log_mel(tone)
    spectrum = linear_spectrum(wanted)
    assert (spectrum >= 0).all()
    got = torch.log((spectrum @ log_mel.filters.T).clamp(min=1e-5))
    loud = wanted > -5
    assert (got - wanted)[loud].abs().mean() < 0.1


def test_griffin_lim_gives_the_log_mel_back() -> None:
    sound = 0.3 * torch.sin(2 * torch.pi * 700 * torch.arange(16_000) / SAMPLE_RATE)[None]
    log_mel = LogMel()
    wanted = log_mel(sound)
    generator = torch.Generator().manual_seed(0)
    loud = wanted > -5

    def error(iterations: int) -> float:
        return float((log_mel(griffin_lim(wanted, generator, iterations)) - wanted)[loud].abs().mean())

    assert error(32) < min(0.3, 0.5 * error(0))

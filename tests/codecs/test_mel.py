"""Log-mels against transformers' feature extractor, and their clock."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phonofilm.codecs.mel import FLOOR, HOP, SAMPLE_RATE, LogMel, filterbank, mel_filters
from phonofilm.errors import SettingError
from phonofilm.metrics._features.peaks import librosa_onset


def noise(samples: int, batch: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(batch, samples, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("samples", [32_000, 16_007])
def test_equals_speecht5_with_its_log10_undone(samples: int) -> None:
    from transformers import SpeechT5FeatureExtractor

    sound = noise(samples)
    sound[:, :9000] = 0  # digital silence: the floors must agree too
    extractor = SpeechT5FeatureExtractor(num_mel_bins=64, hop_length=10, win_length=64, fmin=0, fmax=8000)
    log10 = extractor(audio_target=sound[0].numpy(), sampling_rate=SAMPLE_RATE, return_tensors="np")["input_values"][0]
    expected = np.log(np.maximum(10.0**log10, FLOOR))
    own = LogMel()(sound)[0].numpy()
    assert len(expected) == samples // HOP + 1, "the reference no longer centres its frames"
    np.testing.assert_allclose(own, expected[:-1], atol=1e-4)


def test_two_seconds_are_two_hundred_frames_of_sixty_four_bands() -> None:
    assert LogMel()(noise(32_000, batch=2)).shape == (2, 200, 64)


def test_frame_is_centred_on_its_hop() -> None:
    sound = torch.zeros(1, 8000)
    sound[0, 17 * HOP] = 1
    loudness = LogMel().magnitude(sound).sum(2)[0]
    assert int(loudness.argmax()) == 17
    torch.testing.assert_close(loudness[17 - 3 : 17], loudness[18 : 18 + 3].flip(0))


def test_tone_falls_into_the_band_of_its_frequency() -> None:
    librosa_onset()  # compiles librosa under a lock
    from librosa import mel_frequencies

    centres = mel_frequencies(n_mels=66, fmin=0, fmax=8000, htk=False)[1:-1]
    band = 41
    tone = torch.sin(2 * np.pi * centres[band] * torch.arange(16_000) / SAMPLE_RATE)
    assert int(LogMel()(tone[None])[0, 50].argmax()) == band


@pytest.mark.parametrize(
    ("window", "bands", "lowest", "norm"), [(1024, 64, 0.0, "slaney"), (512, 48, 40.0, None), (400, 7, 30.0, "slaney")]
)
def test_filters_are_librosas(window: int, bands: int, lowest: float, norm: str | None) -> None:
    librosa_onset()
    from librosa.filters import mel

    theirs = mel(sr=SAMPLE_RATE, n_fft=window, n_mels=bands, fmin=lowest, fmax=8000, norm=norm)
    own = mel_filters(window, bands, lowest, 8000.0, norm)
    torch.testing.assert_close(own, torch.from_numpy(theirs), atol=1e-7, rtol=1e-5)


def test_the_codecs_filters_are_audioldms() -> None:
    assert torch.equal(filterbank(), mel_filters(1024, 64, 0.0, 8000.0, "slaney"))


def test_gradient_is_finite_through_silence() -> None:
    sound = noise(4000)
    sound[:, :2000] = 0
    sound.requires_grad_(True)
    LogMel()(sound).sum().backward()
    assert sound.grad is not None
    assert torch.isfinite(sound.grad).all()
    assert sound.grad.abs().sum() > 0


def test_too_short_a_sound_is_refused() -> None:
    with pytest.raises(SettingError, match="longer sound"):
        LogMel()(noise(512))

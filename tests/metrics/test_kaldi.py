"""Kaldi's filter bank against transformers' own, which is written to agree with Kaldi."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError
from phonofilm.metrics._features._kaldi import fbank


@pytest.mark.parametrize(("samples", "mels"), [(5001, 128), (16_000, 80)])
def test_it_is_the_filter_bank_that_transformers_computes(samples: int, mels: int) -> None:
    """Within 1e-3 in the logarithm. On noise it was 1e-4 from torchaudio 2.11's ``compliance.kaldi.fbank``."""
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    t = np.arange(samples) / 16_000
    noise = np.random.default_rng(0).standard_normal(samples)
    sound = (0.3 * np.sin(2 * np.pi * (300 + 2000 * t) * t) + 0.2 + 0.02 * noise).astype(np.float32)
    filters = mel_filter_bank(
        num_frequency_bins=257, num_mel_filters=mels, min_frequency=20, max_frequency=8000, sampling_rate=16_000,
        norm=None, mel_scale="kaldi", triangularize_in_mel_space=True,
    )  # fmt: skip
    wanted = spectrogram(
        sound, window_function(400, "hann", periodic=False), frame_length=400, hop_length=160, fft_length=512,
        power=2.0, center=False, preemphasis=0.97, mel_filters=filters, log_mel="log", mel_floor=1.192092955078125e-07,
        remove_dc_offset=True,
    )  # fmt: skip
    found = fbank(torch.from_numpy(sound), 16_000, mels)
    assert found.shape == (1 + (samples - 400) // 160, mels)
    np.testing.assert_allclose(found, wanted.T, atol=1e-3)


def test_silence_is_at_the_floor_and_an_offset_is_no_sound() -> None:
    floor = np.log(torch.finfo(torch.float32).eps)
    for level in (0.0, 0.5):
        np.testing.assert_allclose(fbank(torch.full((999,), level), 16_000, 16), floor, atol=1e-4)


def test_a_sound_shorter_than_a_frame_is_named() -> None:
    with pytest.raises(MediaError, match="lasts 25 ms, and 25 ms are looked at at once"):
        fbank(torch.zeros(399), 16_000, 16)

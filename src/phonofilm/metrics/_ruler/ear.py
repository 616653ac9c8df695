"""The ear: events heard, from sound alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from phonofilm.codecs.mel import mel_filters
from phonofilm.media.resample import resample_audio
from phonofilm.metrics._ruler.layers import Trunk

SAMPLE_RATE = 16_000
HOP = 80
HOP_SECONDS = HOP / SAMPLE_RATE
WINDOW = 512
BANDS = 48
LOWEST_HZ, HIGHEST_HZ = 40.0, 8_000.0
RESAMPLER = f"mean of the channels, soxr HQ to {SAMPLE_RATE} Hz"
FLOOR = 1e-3
"""Spectral magnitude that counts as silence: that of a tone of amplitude 8e-6, a quarter of a 16-bit step."""


def mono(audio: np.ndarray, sample_rate: int) -> Tensor:
    """Sound ``(channel, sample)`` as one channel at 16 kHz, ``(samples,)``: mean of the channels, then soxr HQ."""
    return torch.from_numpy(resample_audio(audio.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0].copy())


def listen(audio: np.ndarray, sample_rate: int) -> Tensor:
    """Sound ``(channel, sample)`` as the ear takes it, log-mel ``(T, BANDS)`` every 5 ms."""
    return log_mel(mono(audio, sample_rate)[None])[0]


def log_mel(sound: Tensor) -> Tensor:
    """Waveforms ``(B, samples)`` at 16 kHz to log-mel ``(B, samples // HOP + 1, BANDS)``; cell k is centred on 5 k ms.

    Outside the waveform there is silence, so that a sound that is on from the start is not mistaken for its mirror.
    """
    padded = nn.functional.pad(sound, (WINDOW // 2, WINDOW // 2))
    spectrum = torch.stft(padded, WINDOW, HOP, window=torch.hann_window(WINDOW), center=False, return_complex=True)
    filters = mel_filters(WINDOW, BANDS, LOWEST_HZ, HIGHEST_HZ)
    return (filters @ spectrum.abs()).clamp(min=FLOOR).log().transpose(1, 2)


class Ear(nn.Module):
    """Event logit and place in each cell of 5 ms.

    Attributes:
        sharpness: width in cells of the heat that an event is trained to make.
        threshold: least confidence that counts.
    """

    sharpness = 2.0
    threshold = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(BANDS, 64, (1, 1, 2, 4, 8, 16, 1))

    def forward(self, sound: Tensor) -> Tensor:
        """Log-mel ``(B, T, BANDS)`` to ``(B, T, 2)``."""
        return self.trunk((sound.transpose(1, 2) + 2) / 3)

"""Sound as published networks want it: mono at their rate, and mel spectrograms."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from phonofilm.media.clip import Clip
from phonofilm.media.resample import resample_audio


def resampler(rate: int) -> str:
    """What :func:`mono` does, for records."""
    return f"mean of the channels, soxr HQ to {rate} Hz"


def mono(clip: Clip, rate: int) -> np.ndarray:
    """The mean of a clip's channels at ``rate`` samples a second, float32 ``(sample,)``; the clip has sound."""
    assert clip.audio is not None
    return resample_audio(clip.audio.mean(axis=0, keepdims=True, dtype=np.float32), clip.sample_rate, rate)[0]


@cache
def htk_filters(bins: int, mels: int, rate: int) -> Tensor:
    """Triangles that are evenly spaced on HTK's mel scale from 0 Hz to half the rate, with peaks of 1.

    Returns:
        float32 ``(bins, mels)``, where bin ``i`` stands for ``i * rate / 2 / (bins - 1)`` Hz.
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, mels + 2) / 2595) - 1)
    slopes = corners[None, :] - np.linspace(0, rate / 2, bins)[:, None]
    rising = -slopes[:, :-2] / np.diff(corners)[:-1]
    falling = slopes[:, 2:] / np.diff(corners)[1:]
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)).astype(np.float32))


def power_mel(sound: Tensor, *, rate: int, n_fft: int, window: int, hop: int, mels: int) -> Tensor:
    """Power mel spectrogram, as torchaudio's ``MelSpectrogram`` makes it by default.

    Periodic Hann window centred in the transform, frames centred on multiples of the hop, reflected at the ends,
    squared magnitude, :func:`htk_filters`.

    Args:
        sound: float32 ``(..., sample)``, longer than half of ``n_fft``.
        rate: samples a second.
        n_fft, window, hop: samples.
        mels: bands.

    Returns:
        ``(..., mels, 1 + sample // hop)``.
    """
    flat = sound.reshape(-1, sound.shape[-1])
    hann = torch.hann_window(window, device=sound.device)
    spectrum = torch.stft(
        flat, n_fft, hop, window, hann, center=True, pad_mode="reflect", normalized=False, return_complex=True
    )
    filters = htk_filters(n_fft // 2 + 1, mels, rate).to(sound.device)
    mel = (spectrum.abs().square().transpose(1, 2) @ filters).transpose(1, 2)
    return mel.reshape(*sound.shape[:-1], *mel.shape[1:])

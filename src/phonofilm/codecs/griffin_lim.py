"""Griffin-Lim: sound from a log-mel without any training; the ruler that a vocoder has to beat."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from phonofilm.codecs.mel import HOP, WINDOW, filterbank

MOMENTUM = 0.99  # fast Griffin-Lim (Perraudin et al. 2013), the value that librosa uses
REFINEMENTS = 100  # multiplicative updates of the non-negative least squares


@lru_cache(maxsize=1)
def _inverse_filters() -> Tensor:
    return torch.linalg.pinv(filterbank().double()).float()


def linear_spectrum(mel: Tensor) -> Tensor:
    """Magnitudes ``(B, T, 513)`` whose mel is nearest: pseudo-inverse, then multiplicative NNLS updates."""
    filters, target = filterbank().to(mel), mel.exp()
    spectrum = (target @ _inverse_filters().to(mel).T).clamp(min=1e-8)
    for _ in range(REFINEMENTS):
        spectrum = spectrum * (target @ filters) / (spectrum @ filters.T @ filters).clamp(min=1e-12)
    return spectrum


@torch.no_grad()
def griffin_lim(mel: Tensor, generator: torch.Generator, iterations: int = 32) -> Tensor:
    """Log-mel ``(B, T, 64)`` to waveform ``(B, 160 T)``, from random phases."""
    magnitude = linear_spectrum(mel).transpose(1, 2)
    magnitude = torch.cat([magnitude, magnitude[..., -1:]], dim=2)  # the frame centred on the end
    window = torch.hann_window(WINDOW).to(mel)
    samples = mel.shape[1] * HOP
    phase = torch.polar(torch.ones_like(magnitude), 2 * torch.pi * torch.rand(magnitude.shape, generator=generator))
    before = torch.zeros_like(phase)
    for _ in range(iterations):
        sound = torch.istft(magnitude * phase, WINDOW, HOP, window=window, length=samples)
        rebuilt = torch.stft(sound, WINDOW, HOP, window=window, return_complex=True)
        phase = torch.sgn(rebuilt - MOMENTUM / (1 + MOMENTUM) * before)
        before = rebuilt
    return torch.istft(magnitude * phase, WINDOW, HOP, window=window, length=samples)

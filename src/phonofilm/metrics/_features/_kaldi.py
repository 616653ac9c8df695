"""Kaldi's log mel filter bank, which audio transformers of the AST line look at."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from phonofilm.errors import MediaError

SHIFT = 0.010
WINDOW = 0.025
EMPHASIS = 0.97
LOWEST = 20.0
FLOOR = torch.finfo(torch.float32).eps


def fbank(sound: Tensor, rate: int, mels: int) -> Tensor:
    """Log energies as ``compute-fbank-feats`` gives them with a Hann window, without dither and energy column.

    Frames of 25 ms every 10 ms, as many as lie wholly within the sound; from each its mean is taken off, then
    ``x[i] - 0.97 x[i - 1]`` (the first sample against itself), times a symmetric Hann window, zeros up to a power
    of two, power spectrum, :func:`triangles`, natural logarithm of at least float32's epsilon.

    Args:
        sound: float ``(sample,)``.
        rate: samples a second.
        mels: number of triangles.

    Returns:
        ``(frame, mels)``.

    Raises:
        MediaError: if the sound is shorter than a frame.
    """
    window = int(rate * WINDOW)
    if len(sound) < window:
        raise MediaError(
            f"its sound lasts {1000 * len(sound) / rate:.0f} ms, and {1000 * WINDOW:.0f} ms are looked at at once: "
            "take it out of the folder"
        )
    frames = sound.unfold(0, window, int(rate * SHIFT))
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = torch.cat((frames[:, :1], frames[:, :-1]), dim=1)
    shaped = (frames - EMPHASIS * before) * torch.hann_window(window, periodic=False, dtype=sound.dtype)
    size = 1 << (window - 1).bit_length()
    power = torch.fft.rfft(shaped, n=size).abs().square()
    return (power @ triangles(size, rate, mels).to(sound.dtype)).clamp(min=FLOOR).log()


@cache
def triangles(size: int, rate: int, mels: int) -> Tensor:
    """Triangles that are even and linear in mel = 1127 ln(1 + f / 700), from 20 Hz to half the rate, where none looks.

    Returns:
        float32 ``(size // 2 + 1, mels)``.
    """
    mel = 1127 * np.log1p(np.arange(size // 2) * rate / size / 700)
    low, high = 1127 * np.log1p(np.array([LOWEST, rate / 2]) / 700)
    corners = np.linspace(low, high, mels + 2)
    rising, falling = mel[:, None] - corners[:-2], corners[2:] - mel[:, None]
    found = np.maximum(np.minimum(rising, falling) / (corners[1] - corners[0]), 0)
    return torch.from_numpy(np.pad(found, ((0, 1), (0, 0)))).float()

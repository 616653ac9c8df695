"""Pictures and sounds made worse, as codecs and generators make them, so that the ruler does not mind.

Nothing here moves anything in time: blur in time is symmetric, and so is the smear of a sound's phases.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

STFT, HOP = 1024, 256


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Random numbers in [low, high)."""
    return low + (high - low) * torch.rand(shape, generator=generator)


def chance(n: int, share: float, generator: torch.Generator) -> Tensor:
    """``(n,)`` of 1.0 with probability ``share``, else 0.0."""
    return (torch.rand(n, generator=generator) < share).float()


def pictures(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Clips ``(B, T, 3, H, W)`` in 0 .. 255 with other colours, moved, mirrored, blurred, flickering and noisy."""
    x = _moved(frames.float(), generator)
    x = _recoloured(x, generator)
    x = _blurred(x, generator)
    x = _smoothed_in_time(x, generator)
    return _noisy(x, generator).clamp(0, 255)


def _moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the clips mirrored; each moved and scaled by a little."""
    n = len(x)
    mirror = 1 - 2 * chance(n, 0.5, generator)
    scale = uniform((n,), 0.92, 1.08, generator)
    affine = torch.zeros(n, 2, 3)
    affine[:, 0, 0], affine[:, 1, 1] = mirror * scale, scale
    affine[:, :, 2] = uniform((n, 2), -0.12, 0.12, generator)
    grid = functional.affine_grid(affine, [n, 1, *x.shape[-2:]], align_corners=False)
    flat = functional.grid_sample(x.flatten(1, 2), grid, padding_mode="border", align_corners=False)
    return flat.unflatten(1, x.shape[1:3])


def _recoloured(x: Tensor, generator: torch.Generator) -> Tensor:
    """Contrast, level and saturation of each clip, a little of one channel in another, and a flicker of each frame."""
    n, t = x.shape[:2]
    mix = torch.eye(3) + 0.06 * torch.randn(n, 3, 3, generator=generator)
    mixed = torch.einsum("nij,ntjhw->ntihw", mix, x)
    gain = uniform((n, 1, 1, 1, 1), 0.8, 1.15, generator)
    level = uniform((n, 1, 1, 1, 1), -20, 20, generator)
    flicker = (
        2.5 * torch.randn(n, t, 1, 1, 1, generator=generator) * chance(n, 0.3, generator)[:, None, None, None, None]
    )
    return mixed * gain + level + flicker


def _blurred(x: Tensor, generator: torch.Generator) -> Tensor:
    """The clips shrunk to a random size and enlarged again; a third of them stay sharp."""
    side = int(torch.randint(x.shape[-1] // 3, x.shape[-1], (1,), generator=generator))
    flat = x.flatten(0, 1)
    small = functional.interpolate(flat, size=(side, side), mode="area")
    soft = functional.interpolate(small, size=x.shape[-2:], mode="bilinear", align_corners=False).unflatten(
        0, x.shape[:2]
    )
    share = chance(len(x), 0.66, generator)[:, None, None, None, None]
    return x + share * (soft - x)


def _smoothed_in_time(x: Tensor, generator: torch.Generator) -> Tensor:
    """A part of each frame's neighbours in it, in a third of the clips."""
    before, after = torch.cat([x[:, :1], x[:, :-1]], dim=1), torch.cat([x[:, 1:], x[:, -1:]], dim=1)
    share = uniform((len(x),), 0.0, 0.3, generator) * chance(len(x), 0.33, generator)
    return x + share[:, None, None, None, None] * ((before + after) / 2 - x)


def _noisy(x: Tensor, generator: torch.Generator) -> Tensor:
    """Noise of single pixels and of patches of eight, new in every frame."""
    n, t = x.shape[:2]
    fine = torch.randn(x.shape, generator=generator) * uniform((n, 1, 1, 1, 1), 0, 8, generator)
    coarse = torch.randn(n * t, 3, 8, 8, generator=generator)
    patches = functional.interpolate(coarse, size=x.shape[-2:], mode="bilinear", align_corners=False).unflatten(
        0, (n, t)
    )
    return x + fine + patches * uniform((n, 1, 1, 1, 1), 0, 10, generator)


def sounds(sound: Tensor, generator: torch.Generator) -> Tensor:
    """Waveforms ``(B, samples)`` at another level, with other tone, smeared phases and a noise floor."""
    n, samples = sound.shape
    window = torch.hann_window(STFT)
    spectrum = torch.stft(sound, STFT, HOP, window=window, return_complex=True)
    spectrum = spectrum * _tone(n, spectrum.shape[1], generator)[:, :, None]
    strength = uniform((n, 1, 1), 0.0, 1.5, generator) * chance(n, 0.4, generator)[:, None, None]
    turn = strength * torch.randn(spectrum.shape, generator=generator)
    worse = torch.istft(torch.polar(spectrum.abs(), spectrum.angle() + turn), STFT, HOP, window=window, length=samples)
    level = 10 ** uniform((n, 1), -1.2, 0.3, generator)
    floor = 10 ** uniform((n, 1), -5.0, -2.3, generator) * chance(n, 0.7, generator)[:, None]
    return worse * level + floor * torch.randn(sound.shape, generator=generator)


def _tone(n: int, bins: int, generator: torch.Generator) -> Tensor:
    """Smooth random gains of frequency ``(n, bins)``, up to some 10 dB either way."""
    knots = uniform((n, 1, 6), -0.5, 0.5, generator)
    return 10 ** functional.interpolate(knots, size=bins, mode="linear", align_corners=True)[:, 0]


def log_mels(mels: Tensor, generator: torch.Generator) -> Tensor:
    """Log-mels ``(B, T, bands)`` blurred over their neighbours in time and pitch, as an autoencoder does."""
    kernel = torch.tensor([0.25, 0.5, 0.25])
    spread = torch.outer(torch.tensor([0.0625, 0.25, 0.375, 0.25, 0.0625]), kernel)[None, None]
    soft = functional.conv2d(functional.pad(mels[:, None], (1, 1, 2, 2), mode="replicate"), spread)[:, 0]
    share = uniform((len(mels), 1, 1), 0.0, 1.0, generator) * chance(len(mels), 0.5, generator)[:, None, None]
    return mels + share * (soft - mels)

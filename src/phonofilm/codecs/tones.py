"""Steady tones from a log-mel, with phases that run on from frame to frame.

A convolution over mel frames cannot keep a phase: a steady tone looks the same in every frame, so whatever it makes
repeats a hundred times a second and the tone comes out faint or rough. So one oscillator a band is steered by
the log-mel itself. Triangular filters interpolate linearly between their centres; the tone that two neighbouring
bands see therefore sits at their level-weighted mean, and its amplitude is the sum of their levels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.codecs.mel import BANDS, FLOOR, HIGHEST_HZ, HOP, LOWEST_HZ, SAMPLE_RATE, WINDOW

WINDOW_SUM = WINDOW / 2  # a tone's magnitudes, summed over the bins of a Hann window's main lobe, per unit of amplitude
# How firmly a band less loud than a neighbour is silenced: too little and two oscillators on one tone beat, too
# much and close partials are lost. From true log-mels of metal, loud bins err by 0.32, 0.28, 0.33, 0.84 at 1, 2, 4, 20.
PEAK_SHARPNESS = 2.0


class Tones(nn.Module):
    """Oscillators, one for each mel band, with nothing to learn.

    Attributes:
        centres: frequencies of the bands and of one neighbour beyond either end, in Hz, ``(66,)``.
        heights: peaks of the mel filters ``(64,)``.
    """

    centres: Tensor
    heights: Tensor

    def __init__(self) -> None:
        super().__init__()
        from transformers.audio_utils import hertz_to_mel, mel_to_hertz

        lowest, highest = (hertz_to_mel(hz, mel_scale="slaney") for hz in (LOWEST_HZ, HIGHEST_HZ))
        edges = mel_to_hertz(np.linspace(lowest, highest, BANDS + 2), mel_scale="slaney")
        self.register_buffer("centres", torch.from_numpy(edges).float(), persistent=False)
        # the height of the ideal triangle (Slaney): a narrow filter's largest bin weight may miss its peak
        self.register_buffer("heights", 2 / (self.centres[2:] - self.centres[:-2]), persistent=False)

    @torch.no_grad()
    def steer(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Amplitude and frequency (Hz) of every band's oscillator, each ``(B, T, 64)``, from a log-mel."""
        level = functional.pad((mel.exp() - FLOOR).clamp(min=0) / (self.heights * WINDOW_SUM), (1, 1))
        below, own, above = level[..., :-2], level[..., 1:-1], level[..., 2:]
        total = (below + own + above).clamp(min=1e-9)
        weighted = below * self.centres[:-2] + own * self.centres[1:-1] + above * self.centres[2:]
        contrast = own.clamp(min=1e-9).log() - torch.maximum(below, above).clamp(min=1e-9).log()
        return total * torch.sigmoid(PEAK_SHARPNESS * contrast), weighted / total

    @torch.no_grad()
    def carriers(self, hertz: Tensor) -> Tensor:
        """Cosines of the running frequencies ``(B, T, 64)``: ``(B, T, 64, 160)``, frame ``k`` from sample ``160 k`` on.

        Between frames the frequency changes linearly.
        """
        following = torch.cat([hertz[:, 1:], hertz[:, -1:]], dim=1)
        advance = ((hertz + following) / 2 * (HOP / SAMPLE_RATE)).double()  # cycles; doubles keep long clips exact
        start = ((advance.cumsum(1) - advance) % 1).to(hertz)
        n = torch.arange(HOP, device=hertz.device)
        cycles = (hertz[..., None] * n + (following - hertz)[..., None] * (n * n / (2 * HOP))) / SAMPLE_RATE
        return torch.cos(2 * torch.pi * (start[..., None] + cycles))

    def forward(self, mel: Tensor, share: Tensor) -> Tensor:
        """Sound ``(B, 160 T)`` of the oscillators, each at ``share`` ``(B, T, 64)`` of its amplitude."""
        amplitude, hertz = self.steer(mel)
        amplitude = amplitude * share
        following = torch.cat([amplitude[:, 1:], amplitude[:, -1:]], dim=1)
        ramp = torch.arange(HOP, device=mel.device) / HOP
        carriers = self.carriers(hertz)
        ends = torch.stack([amplitude, following], dim=2) @ carriers  # (B, T, 2, 160)
        return (ends[:, :, 0] * (1 - ramp) + ends[:, :, 1] * ramp).flatten(1)

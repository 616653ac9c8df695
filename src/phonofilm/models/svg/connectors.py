"""Environment encoders ("connectors"): noisy latents of one modality to a short feature sequence.

A connector tells the other modality what is going on in its own (arXiv 2409.17550). It reads the
noisy latents and the noise level, never the text and never the U-Nets, so its feature is computed once for
both guidance halves. The picture's connector has a temporal unit after each residual block: attention over frames,
a feed-forward that shifts channels by one frame, and a convolution that shifts them by up to seven.

Child names are those of the published checkpoints; README.md lists the quirks kept for their sake.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

SHIFT_GROUPS = 8
"""Channel groups of the frame-shift block; group ``i`` is delayed by ``i`` frames."""

BIAS_HEADS = 8
"""Heads of the temporal attention."""


class Connector(nn.ModuleList):
    """Latents ``(batch, channel, time, y, x)`` to features ``(batch, width, time', y', x')``.

    One strided convolution halves the last axis and divides the last but one by ``stride``. The time axis of
    sound is its rows: sound is given as ``(batch, channel, 1, T, M)``.

    Args:
        channels: latent channels, twice that of the latents with self-conditioning.
        base: first level width of the U-Net of this modality.
        multipliers: widths of the two residual blocks in units of ``base``.
        width: channels of the feature.
        time_width: width of the U-Net's time embedding.
        groups: groups of every GroupNorm.
        frame_rate: steps a second for the temporal units, or ``None`` for none of them (sound).
        stride: of the rows.
    """

    def __init__(
        self,
        channels: int,
        base: int,
        multipliers: tuple[int, int],
        width: int,
        time_width: int,
        groups: int,
        frame_rate: Fraction | None,
        stride: int = 2,
    ) -> None:
        first, second = (base * multiplier for multiplier in multipliers)
        super().__init__(
            [
                nn.Sequential(nn.Conv2d(channels, base // 2, 3, padding=1)),
                nn.ModuleList([_block(base // 2, first, time_width, groups, frame_rate)]),
                nn.Sequential(Downsample(first, stride)),
                nn.ModuleList([_block(first, second, time_width, groups, frame_rate)]),
                nn.Sequential(nn.GroupNorm(groups, second), nn.SiLU(), nn.Conv2d(second, width, 3, padding=1)),
            ]
        )

    def forward(self, latents: Tensor, embedding: Tensor) -> Tensor:
        """Features; ``embedding`` is the time embedding ``(batch, time_width)``."""
        steps = latents.shape[2]
        conv_in, first, down, second, conv_out = self
        hidden = conv_in(_fold(latents))
        for block in cast(nn.ModuleList, first):
            hidden = block(hidden, embedding, steps)
        hidden = down(hidden)
        for block in cast(nn.ModuleList, second):
            hidden = block(hidden, embedding, steps)
        return _unfold(conv_out(hidden), steps)


class Downsample(nn.Module):
    """Halves the columns of ``(batch * steps, channel, y, x)`` and divides its rows by ``stride``."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=(stride, 2), padding=1)

    def forward(self, hidden: Tensor) -> Tensor:
        """The smaller maps."""
        return self.op(hidden)


class ResidualBlock(nn.Module):
    """Latent-diffusion residual block on ``(batch * steps, channel, y, x)``; starts as its own skip path."""

    def __init__(self, inputs: int, outputs: int, time_width: int, groups: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time_width, outputs))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, outputs), nn.SiLU(), nn.Identity(), zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        )
        self.skip_connection = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, hidden: Tensor, embedding: Tensor, steps: int) -> Tensor:
        """``embedding`` ``(batch, time_width)`` is the same for all ``steps``."""
        shift = self.emb_layers(embedding).repeat_interleave(steps, dim=0)[:, :, None, None]
        return self.skip_connection(hidden) + self.out_layers(self.in_layers(hidden) + shift)


class MotionResidualBlock(nn.ModuleList):
    """A residual block, then a temporal unit."""

    def __init__(self, inputs: int, outputs: int, time_width: int, groups: int, frame_rate: Fraction) -> None:
        super().__init__(
            [ResidualBlock(inputs, outputs, time_width, groups), TemporalUnit(outputs, groups, frame_rate)]
        )

    def forward(self, hidden: Tensor, embedding: Tensor, steps: int) -> Tensor:
        """``embedding`` ``(batch, time_width)`` is the same for all ``steps``."""
        residual, temporal = self
        return temporal(residual(hidden, embedding, steps), steps)


class TemporalUnit(nn.Module):
    """Mixes ``(batch * steps, channel, y, x)`` over steps: attention, feed-forward, frame shift."""

    def __init__(self, channels: int, groups: int, frame_rate: Fraction) -> None:
        super().__init__()
        self.frameshiftblock = FrameShift(channels, groups)
        self.temporal_attn = TemporalAttention(channels, frame_rate)
        self.temporal_rel_pos_bias = RelativeBias(channels // 2, BIAS_HEADS)
        self.ff = ShiftFeedForward(channels)

    def forward(self, hidden: Tensor, steps: int) -> Tensor:
        """Maps of the same size."""
        batch, channels, height, width = hidden.shape
        video = _unfold(hidden, steps)
        tokens = video.permute(0, 3, 4, 2, 1).reshape(-1, steps, channels)
        tokens = tokens + self.temporal_attn(tokens, self.temporal_rel_pos_bias(steps))
        video = tokens.reshape(batch // steps, height, width, steps, channels).permute(0, 4, 3, 1, 2)
        return _fold(self.frameshiftblock(video + self.ff(video)))


class TemporalAttention(nn.Module):
    """Attention over the steps of one place: ``(place, step, channel)``; starts at zero."""

    def __init__(self, channels: int, frame_rate: Fraction) -> None:
        super().__init__()
        inner = 2 * channels
        self.frame_rate = frame_rate
        self.norm = TimeNorm(channels)
        self.to_q = nn.Linear(channels, inner, bias=False)
        self.to_kv = nn.Linear(channels, 2 * inner, bias=False)
        self.to_out = zeroed(nn.Linear(inner, channels, bias=False))

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """What to add to the tokens; ``bias`` ``(head, step, step)`` is added to the scores."""
        seconds = torch.arange(tokens.shape[1], device=tokens.device, dtype=torch.float32) / float(self.frame_rate)
        tokens = self.norm(tokens + sinusoid(seconds, tokens.shape[2]).to(tokens.dtype))
        query, key, value = (
            part.unflatten(-1, (BIAS_HEADS, -1)).transpose(1, 2)
            for part in (self.to_q(tokens), *self.to_kv(tokens).chunk(2, dim=-1))
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        return self.to_out(mixed.transpose(1, 2).flatten(-2))


class TimeNorm(nn.Module):
    """Bias-free norm of ``(place, step, channel)`` over *steps*: the published "layer norm" runs along axis 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(channels))

    def forward(self, tokens: Tensor) -> Tensor:
        """The normed tokens."""
        return _standardised(tokens) * self.g


class ChannelNorm(nn.Module):
    """Bias-free norm of ``(batch, channel, step, y, x)`` over channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(channels, 1, 1, 1))

    def forward(self, video: Tensor) -> Tensor:
        """The normed video."""
        return _standardised(video) * self.g


class RelativeBias(nn.Module):
    """Attention bias from the signed logarithm of the distance in steps: ``(head, step, step)``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.net = nn.ModuleList(
            [
                nn.Sequential(nn.Linear(1, width), nn.SiLU()),
                nn.Sequential(nn.Linear(width, width), nn.SiLU()),
                nn.Linear(width, heads),
            ]
        )

    def forward(self, steps: int) -> Tensor:
        """The bias of query step (second axis) and key step (third)."""
        device = next(self.parameters()).device
        distance = torch.arange(1 - steps, steps, device=device, dtype=next(self.parameters()).dtype)
        hidden = (distance.sign() * distance.abs().log1p())[:, None]
        for layer in self.net:
            hidden = layer(hidden)
        place = torch.arange(steps, device=device)
        return hidden[place[:, None] - place[None, :] + steps - 1].permute(2, 0, 1)


class ShiftFeedForward(nn.Module):
    """Gated feed-forward on ``(batch, channel, step, y, x)``; half of its channels see the step before; starts at zero.

    Otherwise the zeros before the first step would be all that a fresh connector tells.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = int(channels * 8 / 3)
        self.proj_in = nn.Sequential(nn.Conv3d(channels, 2 * inner, 1, bias=False))
        self.proj_out = nn.Sequential(ChannelNorm(inner), zeroed(nn.Conv3d(inner, channels, 1, bias=False)))

    def forward(self, video: Tensor) -> Tensor:
        """What to add to the video."""
        value, gate = self.proj_in(video).float().chunk(2, dim=1)
        here, delayed = (value * functional.gelu(gate)).to(video.dtype).chunk(2, dim=1)
        return self.proj_out(torch.cat([here, delay(delayed, 1)], dim=1))


class FrameShift(nn.Module):
    """Adds, to ``(batch, channel, step, y, x)``, a convolution whose channel groups look back 0 to 7 steps."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, channels), nn.SiLU(), zeroed(nn.Conv2d(channels, channels, 3, padding=1))
        )

    def forward(self, video: Tensor) -> Tensor:
        """The video with the update added."""
        steps = video.shape[2]
        update = _unfold(self.out_layers(_fold(video)), steps)
        shifted = [delay(group, index) for index, group in enumerate(update.chunk(SHIFT_GROUPS, dim=1))]
        return video + torch.cat(shifted, dim=1)


def delay(video: Tensor, steps: int) -> Tensor:
    """``video`` (batch, channel, step, y, x) later by ``steps``, zeros first; the length stays."""
    length = video.shape[2]
    return functional.pad(video, (0, 0, 0, 0, min(steps, length), 0))[:, :, :length]


def sinusoid(position: Tensor, width: int) -> Tensor:
    """Sines, then cosines, of ``position`` at ``width / 2`` frequencies from 1 to 1e-4: ``(position, width)``."""
    half = width // 2
    frequency = torch.exp(-math.log(1e4) / (half - 1) * torch.arange(half, device=position.device))
    angle = position.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def zeroed(layer: nn.Conv2d | nn.Conv3d | nn.Linear) -> nn.Module:
    """``layer`` with all its parameters set to zero."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def _block(inputs: int, outputs: int, time_width: int, groups: int, frame_rate: Fraction | None) -> nn.Module:
    if frame_rate is None:
        return ResidualBlock(inputs, outputs, time_width, groups)
    return MotionResidualBlock(inputs, outputs, time_width, groups, frame_rate)


def _standardised(hidden: Tensor) -> Tensor:
    """Zero mean and unit variance along axis 1; the variance is clamped from below, not offset."""
    least = 1e-5 if hidden.dtype == torch.float32 else 1e-3
    variance, mean = torch.var_mean(hidden, dim=1, correction=0, keepdim=True)
    return (hidden - mean) * variance.clamp(min=least).rsqrt()


def _fold(video: Tensor) -> Tensor:
    return video.transpose(1, 2).flatten(0, 1)


def _unfold(images: Tensor, steps: int) -> Tensor:
    return images.unflatten(0, (-1, steps)).transpose(1, 2)

"""Adapters: what a connector saw of the other modality, added to the hidden state of a stock U-Net.

Two kinds (arXiv 2409.17550; both stand in its table I): CMC-PE adds the time-aligned feature to the hidden
state before self-attention ("cross-modal conditioning as positional encoding"); cross-attention attends to
one vector for the whole clip, as CoDi does (arXiv 2305.11846).

Both work on hidden states ``(batch, channel, time, place)``, where ``place`` is the pixels of a frame or the
mel bins of a sound step. :mod:`phonofilm.models.svg.hooks` puts them between a U-Net's blocks.

Child names are those of the published checkpoints; README.md lists the quirks kept for their sake.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.models.svg.connectors import zeroed


@dataclass(frozen=True)
class Context:
    """What an adapter is told about the other modality.

    Attributes:
        feature: ``(batch, width, step)`` for CMC-PE, ``(batch, 1, width)`` for cross-attention.
        stretch: duration of the hidden state's time axis over that of the feature's.
        offset: when, after its start, a position of the hidden state is looked up, in units of its time axis.
    """

    feature: Tensor
    stretch: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


def aligned(length: int, context: Context) -> Tensor:
    """For each of ``length`` positions of the hidden state, the index of the feature step that it falls in.

    Position ``j`` is looked up at ``j / length + offset`` of its axis; the last step is held where the feature
    ends first. Without stretch and offset this is nearest-neighbour interpolation, as published.
    """
    steps = context.feature.shape[-1]
    slope = context.stretch * Fraction(steps, length)
    start = context.stretch * context.offset * steps
    whole = slope.denominator * start.denominator  # one denominator, so that no rounding moves a step
    position = torch.arange(length, device=context.feature.device)
    scaled = position * int(slope * whole) + int(start * whole)
    return torch.div(scaled, whole, rounding_mode="floor").clamp(max=steps - 1)


class CMCAdapter(nn.Module):
    """CMC-PE transformer on ``(batch, channel, time, place)``; starts as the identity.

    Args:
        channels: width of the hidden state.
        context: channels of the other modality's feature.
        head: width of one attention head.
        groups: groups of every GroupNorm.
        per_step: attend within each time step (pictures) instead of over all positions at once (sound).
    """

    def __init__(self, channels: int, context: int, head: int, groups: int, per_step: bool) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([CMCBlock(channels, context, head, groups, per_step)])
        self.proj_out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        """The adapted hidden state ``(batch, channel, time, place)``."""
        inner = self.proj_in(self.norm(hidden))
        for block in self.transformer_blocks:
            inner = block(inner, context)
        return hidden + self.proj_out(inner)


class CMCBlock(nn.Module):
    """Conditioned attention, self-attention, feed-forward, each on top of the *normalised* state."""

    def __init__(self, channels: int, context: int, head: int, groups: int, per_step: bool) -> None:
        super().__init__()
        self.per_step = per_step
        self.attn_c = ConditionedAttention(channels, context, head, groups)
        self.ff = FeedForward(channels, 4 * channels, channels)
        self.attn_s = Attention(channels, channels, head)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        """Hidden state ``(batch, channel, time, place)`` to one of the same size."""
        _, _, time, place = hidden.shape
        condition = self.attn_c.condition(context, time)[:, :, None].expand(-1, -1, place, -1)
        tokens, condition = (self._tokens(hidden.permute(0, 2, 3, 1)), self._tokens(condition))
        tokens = self.norm1(tokens)
        tokens = tokens + self.attn_c(tokens + condition)
        tokens = self.norm2(tokens)
        tokens = tokens + self.attn_s(tokens)
        tokens = self.norm3(tokens)
        tokens = tokens + self.ff(tokens)
        return tokens.reshape(hidden.shape[0], time, place, -1).permute(0, 3, 1, 2)

    def _tokens(self, grid: Tensor) -> Tensor:
        """``(batch, time, place, channel)`` to the sequences that attention runs on."""
        return grid.flatten(0, 1) if self.per_step else grid.flatten(1, 2)


class Attention(nn.Module):
    """Multi-head attention with bias-free projections, on ``(sequence, token, channel)``."""

    def __init__(self, channels: int, context: int, head: int) -> None:
        super().__init__()
        if channels % head:
            raise ValueError(f"{channels} channels cannot be cut into attention heads of {head}")
        self.head = head
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context, channels, bias=False)
        self.to_v = nn.Linear(context, channels, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        """Tokens that looked at ``context``, or at themselves."""
        source = tokens if context is None else context
        query, key, value = (
            part.unflatten(-1, (-1, self.head)).transpose(1, 2)
            for part in (self.to_q(tokens), self.to_k(source), self.to_v(source))
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out[0](mixed.transpose(1, 2).flatten(-2))


class ConditionedAttention(Attention):
    """Self-attention of tokens to which the other modality's time-aligned condition was added."""

    def __init__(self, channels: int, context: int, head: int, groups: int) -> None:
        super().__init__(channels, channels, head)
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_c = FeedForward(context, 4 * context, channels)

    def condition(self, context: Context, length: int) -> Tensor:
        """The condition at each of ``length`` time positions: ``(batch, length, channel)``."""
        projected = self.norm(self.proj_c(context.feature.transpose(1, 2)).transpose(1, 2))
        return projected.index_select(2, aligned(length, context)).transpose(1, 2)


class FeedForward(nn.Module):
    """Linear, GEGLU, linear."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.net = nn.Sequential(Gated(inputs, hidden), nn.Identity(), nn.Linear(hidden, outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        """Last axis: ``inputs`` to ``outputs``."""
        return self.net(tokens)


class Gated(nn.Module):
    """GEGLU (arXiv 2002.05202): the first half of the projection times the GELU of the second."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Linear(inputs, 2 * outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Last axis: ``inputs`` to ``outputs``."""
        value, gate = self.proj(tokens).chunk(2, dim=-1)
        return value * functional.gelu(gate)


class CrossAttentionAdapter(nn.Module):
    """CoDi's spatial transformer on ``(batch, channel, time, place)``; starts as the identity.

    Arguments as for :class:`CMCAdapter`. With ``per_step`` each time step is an image of its own.
    """

    def __init__(self, channels: int, context: int, head: int, groups: int, per_step: bool) -> None:
        super().__init__()
        self.per_step = per_step
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([CrossAttentionBlock(channels, context, head)])
        self.proj_out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, hidden: Tensor, context: Context) -> Tensor:
        """The adapted hidden state ``(batch, channel, time, place)``."""
        time, vector = hidden.shape[2], context.feature
        images = hidden.transpose(1, 2).flatten(0, 1).unsqueeze(2) if self.per_step else hidden
        if self.per_step:
            vector = vector.repeat_interleave(time, dim=0)
        inner = self.proj_in(self.norm(images))
        tokens = inner.flatten(2).transpose(1, 2)
        for block in self.transformer_blocks:
            tokens = block(tokens, vector)
        update = self.proj_out(tokens.transpose(1, 2).reshape(inner.shape))
        return hidden + (update.squeeze(2).unflatten(0, (-1, time)).transpose(1, 2) if self.per_step else update)


class CrossAttentionBlock(nn.Module):
    """Pre-norm self-attention, cross-attention and feed-forward."""

    def __init__(self, channels: int, context: int, head: int) -> None:
        super().__init__()
        self.attn1 = Attention(channels, channels, head)
        self.ff = FeedForward(channels, 4 * channels, channels)
        self.attn2 = Attention(channels, context, head)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))

    def forward(self, tokens: Tensor, vector: Tensor) -> Tensor:
        """Tokens ``(sequence, token, channel)`` that looked at ``vector`` ``(sequence, 1, context)``."""
        tokens = tokens + self.attn1(self.norm1(tokens))
        tokens = tokens + self.attn2(self.norm2(tokens), vector)
        return tokens + self.ff(self.norm3(tokens))

"""Small helpers for what has one entry per sample."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from phonofilm.diffusion.contract import Latents, Levels
from phonofilm.pair import AV

Expanded = Float[Tensor, "batch *ones"]
"""One value per sample; every axis but the first has length 1."""


def expand(values: Levels, like: Latents) -> Expanded:
    """One value per sample, shaped to multiply ``like``."""
    return values.reshape(-1, *(1,) * (like.ndim - 1))


def repeat(pair: AV[Tensor], count: int) -> AV[Tensor]:
    """The whole batch of each side, ``count`` times over."""
    return pair.map(lambda x: x.repeat(count, *(1,) * (x.ndim - 1)))


def split(pair: AV[Tensor], count: int) -> list[AV[Tensor]]:
    """The batches that :func:`repeat` or :func:`join` put behind each other."""
    parts = pair.map(lambda x: x.chunk(count))
    return [parts.map(lambda part, i=i: part[i]) for i in range(count)]


def join(pairs: Sequence[AV[Tensor]]) -> AV[Tensor]:
    """Several batches behind each other."""
    return pairs[0].map(lambda *sides: torch.cat(sides), *pairs[1:])

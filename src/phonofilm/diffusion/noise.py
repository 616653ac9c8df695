"""Noise, from one random generator per sample: so a sample does not depend on the batch that it is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from phonofilm.errors import SettingError
from phonofilm.pair import AV


def generators(seeds: Sequence[int], device: torch.device | str = "cpu") -> list[torch.Generator]:
    """A fresh generator per seed; on the CPU the numbers are the same whatever device the samples live on."""
    return [torch.Generator(device).manual_seed(seed) for seed in seeds]


def draw(size: AV[tuple[int, ...]], sources: Sequence[torch.Generator]) -> AV[Tensor]:
    """Standard normal noise of ``size`` (without the batch) for each source, in float32, video first."""
    each = [
        size.map(lambda side, source=source: torch.randn(side, generator=source, device=source.device))
        for source in sources
    ]
    return each[0].map(lambda *sides: torch.stack(sides), *each[1:])


def draw_like(state: AV[Tensor], sources: Sequence[torch.Generator]) -> AV[Tensor]:
    """Noise of the size, type and device of a batch.

    Raises:
        SettingError: if there is not one generator per sample.
    """
    batch = len(state.present()[0])
    if len(sources) != batch:
        raise SettingError(f"{batch} samples need {batch} random generators, one each, not {len(sources)}")
    return draw(state.map(lambda x: tuple(x.shape[1:])), sources).map(lambda noise, x: noise.to(x), state)

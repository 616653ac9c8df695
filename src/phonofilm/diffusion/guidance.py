"""Classifier-free guidance (Ho and Salimans, arXiv 2207.12598), one scale per modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from phonofilm.diffusion.batch import expand, join, repeat, split
from phonofilm.diffusion.contract import Conditioning, Denoiser, Latents, Levels, ManyDenoiser
from phonofilm.errors import SettingError
from phonofilm.pair import AV


@dataclass(frozen=True)
class Guided:
    """A denoiser that returns ``null + scale * (conditional - null)``.

    Both are evaluated in one batch; whichever no sample needs is left out. For self-conditioning both see the
    guided estimate of the step before.

    Attributes:
        denoise: the denoiser to guide.
        null: conditioning that says nothing, for a batch of the size that is sampled.
        scale: 1 = conditional, 0 = unconditional, per modality.
        interval: noise fractions between which guidance applies (arXiv 2404.07724); outside, the conditional
            estimate is used alone. Each modality looks at its own.
    """

    denoise: Denoiser
    null: Conditioning
    scale: AV[float]
    interval: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        low, high = self.interval
        if not 0 <= low <= high <= 1:
            raise SettingError(f"a guidance interval lies in [0, 1], low end first, not {low} to {high}")

    def __call__(
        self, noisy: AV[Latents], s: AV[Levels], cond: Conditioning, previous: AV[Latents] | None
    ) -> AV[Latents]:
        """The guided clean estimate."""
        scale = s.map(self._scale_at, self.scale)
        if _all(scale, 1.0):
            return self.denoise(noisy, s, cond, previous)
        if _all(scale, 0.0):
            return self.denoise(noisy, s, self.null, previous)
        null, full = each(self.denoise, noisy, s, [self.null, cond], previous)
        return null.map(lambda n, c, w: n + expand(w, n) * (c - n), full, scale)

    def _scale_at(self, s: Tensor, scale: float) -> Tensor:
        low, high = self.interval
        return torch.where((s >= low) & (s <= high), scale, 1.0).to(s)


def each(
    denoise: Denoiser, noisy: AV[Latents], s: AV[Levels], conds: Sequence[Conditioning], previous: AV[Latents] | None
) -> list[AV[Latents]]:
    """One clean estimate per conditioning of the same state, in one evaluation."""
    if isinstance(denoise, ManyDenoiser):
        return denoise.each(noisy, s, conds, previous)
    count = len(conds)
    before = None if previous is None else repeat(previous, count)
    return split(denoise(repeat(noisy, count), repeat(s, count), join(conds), before), count)


def _all(scale: AV[Tensor], value: float) -> bool:
    return all(bool((side == value).all()) for side in scale.present())

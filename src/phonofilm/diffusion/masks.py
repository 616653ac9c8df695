"""What is known before sampling: a whole modality, or a region inside one (continuation, inpainting).

A modality that is known whole is held at ``s = 0`` by the step grid (:meth:`StepGrid.hold`). A region is known
by a mask: its clean estimate is replaced by the truth, so every sampler moves it along the exact path between
its noise and its truth.

Whole modalities are what ``phonofilm generate --picture`` and ``--sound`` hold. Regions are offered to Python only: no
command and no setting leads to :class:`Inpainted`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Conditioning, Denoiser, Latents, Levels
from phonofilm.errors import SettingError
from phonofilm.pair import AV


@dataclass(frozen=True)
class Known:
    """Clean latents of one modality, known where ``mask`` is true.

    Attributes:
        clean: ``(batch, ...)`` latents; values outside the mask do not matter.
        mask: bool, broadcasts to ``clean``.

    Raises:
        SettingError: if the mask does not fit the latents.
    """

    clean: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        try:
            fits = torch.broadcast_shapes(self.mask.shape, self.clean.shape) == self.clean.shape
        except RuntimeError:
            fits = False
        if not fits or self.mask.dtype != torch.bool:
            raise SettingError(
                f"a mask of what is known is bool and broadcasts to its latents {tuple(self.clean.shape)}, "
                f"not {self.mask.dtype} {tuple(self.mask.shape)}"
            )

    @classmethod
    def whole(cls, clean: Tensor) -> Known:
        """All of a modality."""
        return cls(clean, torch.ones((), dtype=torch.bool, device=clean.device))

    def noised(self, noise: Tensor, s: float) -> Known:
        """The same region at noise fraction ``s``."""
        return self if s == 0 else Known((1 - s) * self.clean + s * noise, self.mask)

    def paste(self, onto: Tensor) -> Tensor:
        """``onto`` with what is known put in, bit for bit."""
        return torch.where(self.mask, self.clean.to(onto), onto)


_NOTHING: AV[Known | None] = AV(None, None)


def start(noise: AV[Latents], s: AV[float], known: AV[Known | None] = _NOTHING) -> AV[Latents]:
    """The state to start from at noise fractions ``s`` (the first row of a grid).

    What is known is noised to ``s``: clean itself where ``s = 0``. Elsewhere the noise is scaled to
    ``hypot(1 - s, s)``, the spread of a state of unit-variance latents; for a variance-preserving network
    that is standard normal input, as DDIM and DDPM start.
    """
    truth = AV(*(given and given.noised(n, level) for given, n, level in zip(known, noise, s, strict=True)))
    return paste(noise.map(_unit_start, s), truth)


def _unit_start(noise: Tensor, s: float) -> Tensor:
    return noise if s == 1 else noise * math.hypot(1 - s, s)


@dataclass(frozen=True)
class Inpainted:
    """A denoiser that knows the truth in some regions; wrap it around guidance, not inside.

    Attributes:
        denoise: estimates the rest.
        known: per modality, ``None`` where nothing is known.
    """

    denoise: Denoiser
    known: AV[Known | None]

    def __call__(
        self, noisy: AV[Latents], s: AV[Levels], cond: Conditioning, previous: AV[Latents] | None
    ) -> AV[Latents]:
        """The clean estimate with the truth pasted in."""
        return paste(self.denoise(noisy, s, cond, previous), self.known)


def paste(latents: AV[Latents], known: AV[Known | None]) -> AV[Latents]:
    """Latents with all that is known put in, bit for bit; the last touch after sampling."""
    return AV(*(x if given is None else given.paste(x) for x, given in zip(latents, known, strict=True)))

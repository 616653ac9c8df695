"""A joint law of picture and sound that is known in closed form: the oracle for samplers.

If (video, audio) is jointly Gaussian, so is every noisy state, and the exact denoiser is affine. A deterministic
sampler on it is affine too, so the law of its output follows exactly from what it does to a basis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Conditioning
from phonofilm.pair import AV

_SIZE: AV[tuple[int, ...]] = AV((2, 3, 5), (7, 3))


@dataclass(frozen=True)
class Law:
    """A Gaussian over both modalities, flattened, video first.

    Attributes:
        mean: ``(n,)``.
        covariance: ``(n, n)``.
    """

    mean: Tensor
    covariance: Tensor

    def distance(self, other: Law) -> float:
        """Root mean square difference of the means, plus that of the covariances by row."""
        mean = (self.mean - other.mean).norm()
        covariance = (self.covariance - other.covariance).norm()
        return float(mean + covariance) / math.sqrt(len(self.mean))

    def through(self, matrix: Tensor, offset: Tensor) -> Law:
        """The law of ``matrix @ z + offset``."""
        return Law(matrix @ self.mean + offset, matrix @ self.covariance @ matrix.T)


@dataclass(frozen=True, eq=False)
class JointGaussian:
    """Jointly Gaussian (video, audio) latents with the exact denoiser for any two noise fractions.

    Attributes:
        size: latent sizes without the batch.
        law: of the clean latents.
    """

    size: AV[tuple[int, ...]]
    law: Law

    @classmethod
    @lru_cache(maxsize=8)
    def coupled(cls, size: AV[tuple[int, ...]] = _SIZE, seed: int = 0) -> JointGaussian:
        """A strongly coupled law: standard deviations from 0.4 to 1.6 along axes that mix both modalities."""
        source = torch.Generator().manual_seed(seed)
        n = sum(math.prod(side) for side in size)
        axes = torch.linalg.qr(torch.randn(n, n, generator=source, dtype=torch.float64)).Q
        spread = torch.linspace(0.4, 1.6, n, dtype=torch.float64)
        mean = torch.randn(n, generator=source, dtype=torch.float64)
        return cls(size, Law(mean, (axes * spread.square()) @ axes.T))

    @cached_property
    def lengths(self) -> AV[int]:
        """Numbers per modality."""
        return self.size.map(math.prod)

    def flatten(self, latents: AV[Tensor]) -> Tensor:
        """``(batch, n)``."""
        return torch.cat([side.flatten(1) for side in latents], dim=1)

    def unflatten(self, flat: Tensor) -> AV[Tensor]:
        """Latents from ``(batch, n)``."""
        video, audio = flat.split(list(self.lengths), dim=1)
        return AV(video, audio).map(lambda side, size: side.reshape(-1, *size), self.size)

    def per_number(self, values: AV[float]) -> Tensor:
        """One value per modality, repeated for each of its numbers: ``(n,)``."""
        sides = values.map(lambda value, length: torch.full((length,), float(value), dtype=torch.float64), self.lengths)
        return torch.cat(list(sides))

    def at(self, s: AV[float]) -> Law:
        """The law of the states at noise fractions ``s``."""
        noise = self.per_number(s)
        signal = 1 - noise
        covariance = signal[:, None] * self.law.covariance * signal + torch.diag(noise.square())
        return Law(signal * self.law.mean, covariance)

    def shifted(self, offset: Tensor) -> JointGaussian:
        """The law with its mean moved by ``offset`` ``(n,)``."""
        return JointGaussian(self.size, Law(self.law.mean + offset, self.law.covariance))

    @lru_cache(maxsize=4096)  # noqa: B019, a handful of oracles; every check visits the same levels
    def gain(self, s: AV[float]) -> Tensor:
        """``G`` of the posterior mean ``E[clean | x] = mean + G (x - (1 - s) mean)``, ``(n, n)``."""
        signal = 1 - self.per_number(s)
        return torch.linalg.solve(self.at(s).covariance, signal[:, None] * self.law.covariance).T

    def denoise(self, noisy: AV[Tensor], s: AV[Tensor], cond: Conditioning, previous: AV[Tensor] | None) -> AV[Tensor]:
        """The exact ``E[clean | noisy]``; the conditioning is an offset of the clean mean, shaped like the latents.

        Self-conditioning has nothing to tell an exact denoiser.
        """
        flat, mean = self.flatten(noisy), self.law.mean + self.flatten(cond)
        clean = torch.empty_like(flat)
        levels = torch.stack(list(s), dim=1)
        uniform = bool((levels == levels[0]).all())
        for pair in levels[:1] if uniform else levels.unique(dim=0):
            chosen = (levels == pair).all(dim=1)
            here = AV(*pair.tolist())
            middle = (1 - self.per_number(here)) * mean[chosen]
            clean[chosen] = mean[chosen] + (flat[chosen] - middle) @ self.gain(here).T
        return self.unflatten(clean)

    def no_offset(self, batch: int) -> Conditioning:
        """Conditioning that changes nothing."""
        return self.unflatten(torch.zeros(batch, len(self.law.mean), dtype=torch.float64))


Run = Callable[[AV[Tensor]], AV[Tensor]]


def pushed(run: Run, law: Law, oracle: JointGaussian) -> Law:
    """The exact law of ``run(z)`` for ``z`` of a Gaussian law.

    Raises:
        AssertionError: if ``run`` is not affine, as a sampler on a Gaussian must be.
    """
    n = len(law.mean)
    probe = torch.linspace(-1, 2, n, dtype=torch.float64)
    basis = torch.cat([torch.zeros(1, n, dtype=torch.float64), torch.eye(n, dtype=torch.float64), probe[None]])
    out = oracle.flatten(run(oracle.unflatten(basis)))
    offset, matrix = out[0], (out[1:-1] - out[0]).T
    residue = (out[-1] - matrix @ probe - offset).abs().max()
    assert residue < 1e-8 * (1 + out.abs().max()), (
        f"not affine: off by {residue:.1e} where a sum of responses should be"
    )
    return law.through(matrix, offset)

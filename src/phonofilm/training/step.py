"""One training step's mathematics: noise, self-conditioning, prediction, loss. Pure but for the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from phonofilm.diffusion.batch import expand
from phonofilm.diffusion.loss import prediction_loss, sample_noise_fraction
from phonofilm.diffusion.parameterization import NetworkDenoiser
from phonofilm.pair import AV
from phonofilm.training.config import NoiseLevels


@dataclass(frozen=True)
class Noised:
    """A batch at random noise levels; ``None`` sides are not trained.

    Attributes:
        clean, noise, state: latents, noise, and ``(1 - s) * clean + s * noise``.
        s: noise fractions ``(batch,)``, independent per modality (arXiv 2409.17550, section 3.2).
    """

    clean: AV[Tensor]
    noise: AV[Tensor]
    state: AV[Tensor]
    s: AV[Tensor]


def add_noise(clean: AV[Tensor], levels: NoiseLevels, generator: torch.Generator) -> Noised:
    """Draw noise and independent noise fractions for every present modality."""
    noise = clean.map(lambda x: torch.randn(x.shape, generator=generator).to(x))
    s = clean.map(lambda x: _fractions(len(x), levels, generator).to(x))
    state = clean.map(lambda x, n, level: x + expand(level, x) * (n - x), noise, s)
    return Noised(clean, noise, state, s)


def own_estimate(
    denoiser: NetworkDenoiser, batch: Noised, cond: AV[Tensor], share: float, generator: torch.Generator
) -> AV[Tensor] | None:
    """Clean estimates for self-conditioning (Chen et al. 2022): the model's own for a random share, else zeros.

    Samples and modalities are chosen independently, as both kinds of absence occur when sampling begins.
    """
    size = len(batch.clean.present()[0])
    wanted = batch.clean.map(lambda x: torch.rand(size, generator=generator) < share)
    chosen = torch.stack(wanted.present()).any(dim=0)
    if not chosen.any():
        return None

    def some(pair: AV[Tensor]) -> AV[Tensor]:
        return pair.map(lambda x: x[chosen.to(x.device)])

    with torch.no_grad():
        estimate = denoiser(some(batch.state), some(batch.s), some(cond), None)

    def scatter(clean: Tensor, found: Tensor, wants: Tensor) -> Tensor:
        previous = torch.zeros_like(clean)
        previous[chosen.to(clean.device)] = found.to(clean)
        return previous * expand(wants.to(clean), clean)

    return batch.clean.map(scatter, estimate, wanted)


def losses(denoiser: NetworkDenoiser, batch: Noised, cond: AV[Tensor], previous: AV[Tensor] | None) -> AV[Tensor]:
    """Mean squared error per sample ``(batch,)`` of each modality, in what its network predicts."""
    prediction = denoiser.predict(batch.state, batch.s, cond, previous)
    return prediction_loss(prediction, targets(denoiser, batch))


def targets(denoiser: NetworkDenoiser, batch: Noised) -> AV[Tensor]:
    """What each network should predict."""
    return batch.clean.map(
        lambda clean, noise, s, kind: kind.target(clean, noise, s), batch.noise, batch.s, denoiser.parameterization
    )


def _fractions(count: int, levels: NoiseLevels, generator: torch.Generator) -> Tensor:
    normal = sample_noise_fraction(count, mean=levels.mean, std=levels.std, generator=generator)
    flat = sample_noise_fraction(count, uniform=True, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < levels.uniform, flat, normal)

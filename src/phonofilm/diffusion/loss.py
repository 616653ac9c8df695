"""Training losses and the noise levels to train at."""

from __future__ import annotations

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Latents, Levels
from phonofilm.errors import SettingError
from phonofilm.pair import AV


def sample_noise_fraction(
    count: int,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    uniform: bool = False,
    generator: torch.Generator | None = None,
) -> Levels:
    """Noise fractions to train one modality at: logit-normal (arXiv 2403.03206, section 3.1) or uniform in (0, 1).

    Call it once per modality: the levels are independent, so that sampling may take any path through both.

    Args:
        count: number of samples.
        mean, std: of the normal variable whose logistic is ``s``.
        uniform: draw uniformly in place of logit-normal.
        generator: source of randomness.

    Raises:
        SettingError: for a negative std.
    """
    device = "cpu" if generator is None else generator.device
    if uniform:
        # Halves of a grid step keep away from 0 and 1, where a prediction of noise or clean is undefined.
        return (torch.rand(count, generator=generator, device=device) * (1 - 2**-20)) + 2**-21
    if std < 0:
        raise SettingError(f"the standard deviation of noise levels is {std}: choose 0 or more")
    return torch.sigmoid(mean + std * torch.randn(count, generator=generator, device=device))


def prediction_loss(
    prediction: AV[Latents],
    target: AV[Latents],
    weight: AV[Levels] | None = None,
    mask: AV[Tensor] | None = None,
) -> AV[Levels]:
    """Mean squared error ``(batch,)`` of each modality, in whatever its network predicts.

    Args:
        prediction, target: of one shape.
        weight: multiplies each sample's loss.
        mask: 1 where the error counts, 0 where not; broadcasts to the latents. The mean is over what counts,
            and a sample in which nothing counts has loss 0.
    """
    loss = prediction.map(lambda own, wanted: (own.float() - wanted.float()).square(), target)
    loss = loss.map(_mean) if mask is None else loss.map(_masked_mean, mask)
    return loss if weight is None else loss.map(torch.mul, weight)


def _mean(error: Tensor) -> Tensor:
    return error.flatten(1).mean(dim=1)


def _masked_mean(error: Tensor, mask: Tensor) -> Tensor:
    counted = mask.to(error).expand_as(error).flatten(1)
    return (error.flatten(1) * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1)

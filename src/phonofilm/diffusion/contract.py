"""What samplers ask of a denoiser, and what a denoiser asks of a family's network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from phonofilm.pair import AV

Latents = Float[Tensor, "batch *size"]
"""Latents of one modality: video ``(batch, channel, frame, height, width)``, audio ``(batch, channel, time, mel)``."""

Levels = Float[Tensor, " batch"]
"""One noise fraction, or one timestep, per sample."""

Conditioning = AV[Tensor]
"""Batch-first embeddings of the prompt for each modality's network; a family knows their shapes. ``None`` where a
modality or its conditioning does not exist."""


@runtime_checkable
class Denoiser(Protocol):
    """The one thing that samplers call."""

    def __call__(
        self, noisy: AV[Latents], s: AV[Levels], cond: Conditioning, previous: AV[Latents] | None
    ) -> AV[Latents]:
        """The clean estimate ``E[clean | noisy]``.

        Args:
            noisy: states ``(1 - s) * clean + s * noise``.
            s: noise fractions in [0, 1]; the two modalities may differ.
            cond: conditioning.
            previous: the last clean estimate, for self-conditioning; ``None`` at the first step.
        """
        ...


@runtime_checkable
class ManyDenoiser(Denoiser, Protocol):
    """A denoiser that shares work between several conditionings of the same noisy state."""

    def each(
        self, noisy: AV[Latents], s: AV[Levels], conds: Sequence[Conditioning], previous: AV[Latents] | None
    ) -> list[AV[Latents]]:
        """One clean estimate per conditioning, in their order."""
        ...


@runtime_checkable
class Network(Protocol):
    """A family's network, in its own input scale and its own timesteps.

    ``x`` is ``alpha * clean + sigma * noise`` of the network's schedule, ``t`` float timesteps ``(batch,)``.
    A side that is ``None`` is not evaluated, or is shared by nothing.
    """

    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None) -> AV[Tensor]:
        """All that does not depend on the conditioning, batch first; computed once for all conditionings."""
        ...

    def __call__(self, x: AV[Tensor], t: AV[Tensor], cond: Conditioning, shared: AV[Tensor]) -> AV[Tensor]:
        """The raw prediction, in the parameterization that the network was trained for."""
        ...

"""What a network predicts, and the one place where any of it becomes a clean estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from phonofilm.diffusion.batch import expand, join, repeat, split
from phonofilm.diffusion.contract import Conditioning, Latents, Levels, Network
from phonofilm.diffusion.schedule import NoiseSchedule
from phonofilm.errors import SettingError, unknown_name
from phonofilm.pair import AV

Weights = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Parameterization:
    """A prediction that is linear in clean and noise; so the clean estimate is linear in it and the state.

    Attributes:
        name: what configurations call it.
        of_target: ``s -> (a, b)`` with ``target = a * clean + b * noise``.
        of_clean: ``s -> (a, b)`` with ``clean = a * state + b * prediction``.
    """

    name: str
    of_target: Weights
    of_clean: Weights

    def target(self, clean: Latents, noise: Latents, s: Levels) -> Latents:
        """What the network should predict at noise fractions ``s``."""
        a, b = self.of_target(expand(s, clean))
        return a * clean + b * noise

    def to_clean(self, prediction: Latents, state: Latents, s: Levels) -> Latents:
        """The clean estimate behind a prediction for ``state = (1 - s) * clean + s * noise``.

        Raises:
            SettingError: for noise predicted at ``s = 1``, where the state says nothing about the clean.
        """
        a, b = self.of_clean(expand(s, state))
        return a * state + b * prediction


def _eps_to_clean(s: Tensor) -> tuple[Tensor, Tensor]:
    if bool((s >= 1).any()):
        raise SettingError("a network that predicts noise cannot start from pure noise: start below s = 1 or use v, x0")
    return 1 / (1 - s), -s / (1 - s)


def _radius(s: Tensor) -> Tensor:
    return torch.hypot(1 - s, s)


EPS = Parameterization("eps", lambda s: (torch.zeros_like(s), torch.ones_like(s)), _eps_to_clean)
"""The noise (arXiv 2006.11239)."""

X0 = Parameterization(
    "x0", lambda s: (torch.ones_like(s), torch.zeros_like(s)), lambda s: (torch.zeros_like(s), torch.ones_like(s))
)
"""The clean latents."""

V = Parameterization(
    "v",
    lambda s: (-s / _radius(s), (1 - s) / _radius(s)),
    lambda s: ((1 - s) / _radius(s).square(), -s / _radius(s)),
)
"""``alpha * noise - sigma * clean`` with ``alpha**2 + sigma**2 = 1`` (Salimans and Ho, arXiv 2202.00512)."""

VELOCITY = Parameterization(
    "velocity", lambda s: (-torch.ones_like(s), torch.ones_like(s)), lambda s: (torch.ones_like(s), -s)
)
"""``noise - clean``, the velocity of rectified flow (arXiv 2209.03003)."""

_ALL = {kind.name: kind for kind in (EPS, V, X0, VELOCITY)}


def parameterization(name: str) -> Parameterization:
    """The parameterization of that name: eps, v, x0 or velocity.

    Raises:
        SettingError: for another name.
    """
    if name not in _ALL:
        raise unknown_name("parameterization", name, _ALL)
    return _ALL[name]


@dataclass(frozen=True)
class NetworkDenoiser:
    """A family's network as a :class:`~phonofilm.diffusion.contract.Denoiser`.

    Noise beyond the network's last timestep is shown to it as that timestep.

    Attributes:
        network: the family's network.
        schedule, parameterization: what each side of it was trained with.
    """

    network: Network
    schedule: AV[NoiseSchedule]
    parameterization: AV[Parameterization]

    def __call__(
        self, noisy: AV[Latents], s: AV[Levels], cond: Conditioning, previous: AV[Latents] | None
    ) -> AV[Latents]:
        """The clean estimate."""
        return self.each(noisy, s, [cond], previous)[0]

    def each(
        self, noisy: AV[Latents], s: AV[Levels], conds: Sequence[Conditioning], previous: AV[Latents] | None
    ) -> list[AV[Latents]]:
        """One clean estimate per conditioning, from one evaluation of what they share and one of the rest."""
        seen = self._seen(s)
        predictions = self._predict_each(noisy, seen, conds, previous)
        return [self._clean(prediction, noisy, seen) for prediction in predictions]

    def predict(
        self, noisy: AV[Latents], s: AV[Levels], cond: Conditioning, previous: AV[Latents] | None
    ) -> AV[Latents]:
        """The raw prediction, to be compared with :meth:`Parameterization.target`."""
        return self._predict_each(noisy, self._seen(s), [cond], previous)[0]

    def _predict_each(
        self, noisy: AV[Tensor], s: AV[Tensor], conds: Sequence[Conditioning], previous: AV[Tensor] | None
    ) -> list[AV[Tensor]]:
        x = noisy.map(_to_network_scale, s, self.schedule)
        t = s.map(lambda levels, schedule: schedule.timestep(levels), self.schedule)
        shared = self.network.shared(x, t, previous)
        count = len(conds)
        if count == 1:
            return [self.network(x, t, conds[0], shared)]
        both = self.network(repeat(x, count), repeat(t, count), join(conds), repeat(shared, count))
        return split(both, count)

    def _seen(self, s: AV[Tensor]) -> AV[Tensor]:
        return s.map(lambda levels, schedule: levels.clamp(max=schedule.last), self.schedule)

    def _clean(self, prediction: AV[Tensor], noisy: AV[Tensor], s: AV[Tensor]) -> AV[Tensor]:
        return prediction.map(lambda y, x, levels, kind: kind.to_clean(y, x, levels), noisy, s, self.parameterization)


def _to_network_scale(state: Tensor, s: Tensor, schedule: NoiseSchedule) -> Tensor:
    alpha, sigma = schedule.alpha_sigma(s)
    return (expand(alpha + sigma, state) * state).to(state.dtype)

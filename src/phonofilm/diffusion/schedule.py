"""Noise schedules: how one modality's network numbers its noise levels."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from phonofilm.errors import SettingError, unknown_name

Values = Float[Tensor, "*any"]
"""Noise fractions or timesteps, in any shape."""


@dataclass(frozen=True)
class NoiseSchedule(ABC):
    """Translates noise fractions ``s`` to the timesteps and the input scale that a network was trained with.

    Attributes:
        steps: number of timesteps of the network.
    """

    kind: ClassVar[str]
    steps: int = 1000

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise SettingError(f"a noise schedule has at least 1 step, not {self.steps}")

    @property
    @abstractmethod
    def last(self) -> float:
        """The noise fraction of the last timestep: 1 only where the network was trained on pure noise."""

    @abstractmethod
    def timestep(self, s: Values) -> Values:
        """The float timestep for ``s``; beyond the first or last one, that one."""

    @abstractmethod
    def fraction(self, t: Values) -> Values:
        """The noise fraction at a float timestep; inverse of :meth:`timestep`."""

    @abstractmethod
    def alpha_sigma(self, s: Values) -> tuple[Values, Values]:
        """``(alpha, sigma)``: the network's input is ``alpha * clean + sigma * noise``, ``s = sigma/(alpha+sigma)``."""

    @abstractmethod
    def at(self, clock: float) -> float:
        """The noise fraction at ``clock`` of the whole schedule, from 0 (clean) to 1 (its last timestep)."""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :func:`schedule_from_json` reads back."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class RectifiedFlow(NoiseSchedule):
    """``alpha = 1 - s``, ``sigma = s``, timestep ``steps * s`` (Liu et al., arXiv 2209.03003).

    A shift of the noise levels belongs to the step grid, see :func:`phonofilm.diffusion.grid.shifted`.
    """

    kind: ClassVar[str] = "rectified-flow"

    @property
    def last(self) -> float:
        """Pure noise."""
        return 1.0

    def timestep(self, s: Values) -> Values:
        """``steps * s``."""
        return self.steps * s

    def fraction(self, t: Values) -> Values:
        """``t / steps``."""
        return t / self.steps

    def alpha_sigma(self, s: Values) -> tuple[Values, Values]:
        """``(1 - s, s)``."""
        return 1 - s, s

    def at(self, clock: float) -> float:
        """The clock itself: no timesteps to round to."""
        return clock


@dataclass(frozen=True)
class BetaSchedule(NoiseSchedule):
    """A variance-preserving schedule given by DDPM betas (Ho et al., arXiv 2006.11239).

    Timestep ``t`` in ``0 .. steps - 1`` has ``alpha**2 = prod(1 - beta[: t + 1])`` and ``sigma**2 = 1 - alpha**2``.
    Between timesteps ``s`` is interpolated linearly in ``t``; ``t = -1`` is the clean end.

    Attributes:
        betas: ``"linear"`` in beta, ``"scaled-linear"`` in sqrt(beta) (latent diffusion), or ``"cosine"``
            (Nichol and Dhariwal, arXiv 2102.09672), which takes no ``start`` and ``end``.
        start, end: first and last beta.
        zero_terminal_snr: rescale so that the last timestep is pure noise, ``s = 1`` exactly
            (Lin et al., arXiv 2305.08891, algorithm 1).
    """

    kind: ClassVar[str] = "betas"
    betas: str = "linear"
    start: float = 1e-4
    end: float = 0.02
    zero_terminal_snr: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.betas not in _BETAS:
            raise unknown_name("betas", self.betas, _BETAS)
        if self.zero_terminal_snr and self.steps < 2:
            raise SettingError("a zero terminal SNR needs a noise schedule of at least 2 steps")
        if not 0 < self.start <= self.end < 1:
            raise SettingError(f"betas lie in (0, 1) and grow: not from {self.start} to {self.end}")

    @property
    def last(self) -> float:
        """Noise fraction of timestep ``steps - 1``."""
        return _fractions(self)[-1]

    def timestep(self, s: Values) -> Values:
        """The interpolated timestep, within ``[0, steps - 1]``."""
        known, t = _table(self, s.device, _wide(s.dtype))
        return _interpolate(s.to(known.dtype), known, t).clamp(0, self.steps - 1)

    def fraction(self, t: Values) -> Values:
        """The interpolated noise fraction of a timestep within ``[-1, steps - 1]``."""
        known, numbers = _table(self, t.device, _wide(t.dtype))
        return _interpolate(t.to(known.dtype).clamp(-1, self.steps - 1), numbers, known)

    def alpha_sigma(self, s: Values) -> tuple[Values, Values]:
        """The point of the unit circle with ``sigma / (alpha + sigma) = s``."""
        radius = torch.hypot(1 - s, s)
        return (1 - s) / radius, s / radius

    def at(self, clock: float) -> float:
        """The noise fraction of the nearest timestep; in the paper's numbering 0 is clean and ``steps`` the last."""
        return _fractions(self)[round(self.steps * clock)]


def schedule_from_json(row: Mapping[str, Any]) -> NoiseSchedule:
    """The schedule that :meth:`NoiseSchedule.to_json` wrote.

    Raises:
        SettingError: for an unknown kind or field, or a value out of range.
    """
    settings = dict(row)
    kind = settings.pop("kind", None)
    if kind not in _KINDS:
        raise unknown_name("noise schedule", str(kind), _KINDS)
    known = {field.name for field in fields(_KINDS[kind])}
    for name in settings.keys() - known:
        raise unknown_name(f"field of noise schedule {kind!r}", name, known)
    return _KINDS[kind](**settings)


def _linear(schedule: BetaSchedule) -> Tensor:
    return torch.linspace(schedule.start, schedule.end, schedule.steps, dtype=torch.float64)


def _scaled_linear(schedule: BetaSchedule) -> Tensor:
    roots = torch.linspace(schedule.start**0.5, schedule.end**0.5, schedule.steps, dtype=torch.float64)
    return roots.square()


def _cosine(schedule: BetaSchedule) -> Tensor:
    def kept(i: int) -> float:
        return math.cos((i / schedule.steps + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - kept(i + 1) / kept(i), 0.999) for i in range(schedule.steps)]
    return torch.tensor(betas, dtype=torch.float64)


_BETAS = {"linear": _linear, "scaled-linear": _scaled_linear, "cosine": _cosine}
_KINDS: dict[str, type[NoiseSchedule]] = {kind.kind: kind for kind in (RectifiedFlow, BetaSchedule)}


@lru_cache(maxsize=32)
def _fractions(schedule: BetaSchedule) -> tuple[float, ...]:
    """Noise fractions of t = -1 (clean), 0, ..., steps - 1."""
    alpha = torch.cumprod(1 - _BETAS[schedule.betas](schedule), dim=0).sqrt()
    if schedule.zero_terminal_snr:
        alpha = (alpha - alpha[-1]) * (alpha[0] / (alpha[0] - alpha[-1]))
    sigma = (1 - alpha.square()).sqrt()
    return (0.0, *(sigma / (alpha + sigma)).tolist())


@lru_cache(maxsize=32)
def _table(schedule: BetaSchedule, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Noise fractions and their timesteps, both increasing."""
    fractions = torch.tensor(_fractions(schedule), dtype=dtype, device=device)
    return fractions, torch.arange(-1, schedule.steps, dtype=dtype, device=device)


def _interpolate(x: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    right = torch.searchsorted(xs, x.contiguous()).clamp(1, len(xs) - 1)
    left = right - 1
    return ys[left] + (x - xs[left]) * (ys[right] - ys[left]) / (xs[right] - xs[left])


def _wide(dtype: torch.dtype) -> torch.dtype:
    """A thousand levels do not fit half precision."""
    return torch.float64 if dtype == torch.float64 else torch.float32

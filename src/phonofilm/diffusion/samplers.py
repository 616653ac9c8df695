"""Samplers: plain functions from noise to clean along a step grid.

All are written for states ``x = (1 - s) * clean + s * noise``. A variance-preserving state is such an ``x``
times ``alpha + sigma``, so every step here is the textbook step of any schedule, with no schedule in sight.
A modality whose noise fraction does not change in a step is left bit for bit as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Conditioning, Denoiser, Latents
from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.noise import draw_like
from phonofilm.errors import unknown_name
from phonofilm.pair import AV

Progress = Callable[[int, int], None]
"""Called as ``progress(steps done, steps in all)`` after every step."""


@runtime_checkable
class Sampler(Protocol):
    """What every sampler is."""

    def __call__(
        self,
        denoise: Denoiser,
        start: AV[Latents],
        grid: StepGrid,
        *,
        cond: Conditioning,
        generators: Sequence[torch.Generator] = (),
        progress: Progress | None = None,
    ) -> AV[Latents]:
        """The state at the last row of ``grid``.

        Args:
            denoise: the (guided) denoiser.
            start: the state at the first row, see :func:`phonofilm.diffusion.masks.start`.
            grid: noise fractions to visit.
            cond: conditioning.
            generators: one per sample, for samplers that add noise; the others draw nothing.
            progress: told after every step.
        """
        ...


def euler(
    denoise: Denoiser,
    start: AV[Latents],
    grid: StepGrid,
    *,
    cond: Conditioning,
    generators: Sequence[torch.Generator] = (),
    progress: Progress | None = None,
) -> AV[Latents]:
    """First order; DDIM (Song et al., arXiv 2010.02502, eq. 12 with eta 0) for every schedule."""
    state, previous = start, None
    for s, s_next in _moving(grid, progress):
        previous = _estimate(denoise, state, s, cond, previous)
        state = state.map(_toward, previous, s, s_next)
    return state


def ddpm(
    denoise: Denoiser,
    start: AV[Latents],
    grid: StepGrid,
    *,
    cond: Conditioning,
    generators: Sequence[torch.Generator] = (),
    progress: Progress | None = None,
) -> AV[Latents]:
    """Ancestral sampling: each step draws from ``q(next | state, clean estimate)`` (arXiv 2006.11239, eq. 6 and 7)."""
    state, previous = start, None
    for s, s_next in _moving(grid, progress):
        previous = _estimate(denoise, state, s, cond, previous)
        state = state.map(_posterior_draw, previous, draw_like(state, generators), s, s_next)
    return state


def heun(
    denoise: Denoiser,
    start: AV[Latents],
    grid: StepGrid,
    *,
    cond: Conditioning,
    generators: Sequence[torch.Generator] = (),
    progress: Progress | None = None,
) -> AV[Latents]:
    """Second order, two evaluations a step (Karras et al., arXiv 2206.00364, algorithm 1).

    A step onto ``s = 0`` is Euler's, as the slope has no value there; a second evaluation serves the other modality.
    """
    state, previous = start, None
    for s, s_next in _moving(grid, progress):
        clean = previous = _estimate(denoise, state, s, cond, previous)
        trial = state.map(_toward, clean, s, s_next)
        if any(0 < after < before for before, after in zip(s.present(), s_next.present(), strict=True)):
            previous = _estimate(denoise, trial, s_next, cond, clean)
            trial = state.map(_trapezium, clean, trial, previous, s, s_next)
        state = trial
    return state


def dpmpp_2m(
    denoise: Denoiser,
    start: AV[Latents],
    grid: StepGrid,
    *,
    cond: Conditioning,
    generators: Sequence[torch.Generator] = (),
    progress: Progress | None = None,
) -> AV[Latents]:
    """Second order at one evaluation a step: DPM-Solver++(2M) (Lu et al., arXiv 2211.01095, algorithm 2).

    Each modality extrapolates from the last point at which it stood on another noise level.
    """
    state, previous = start, None
    past: AV[_Past | None] = AV.both(_Past())
    for s, s_next in _moving(grid, progress):
        previous = _estimate(denoise, state, s, cond, previous)
        state = state.map(lambda x, *rest: _toward(x, _extrapolated(*rest), *rest[-2:]), previous, past, s, s_next)
        past = past.map(_remember, previous, s, s_next)
    return state


@dataclass(frozen=True)
class Method:
    """A sampler and what it promises; the oracle tests hold every one of :data:`SAMPLERS` to that.

    Attributes:
        run: the sampler.
        order: of the convergence of its output's law, as steps double.
        draws: whether it adds noise on its way, from ``generators``.
    """

    run: Sampler
    order: int
    draws: bool = False


SAMPLERS: dict[str, Method] = {
    "euler": Method(euler, order=1),
    "ddim": Method(euler, order=1),
    "ddpm": Method(ddpm, order=1, draws=True),
    "heun": Method(heun, order=2),
    "dpmpp-2m": Method(dpmpp_2m, order=2),
}
"""Samplers by the names that settings use."""


def sampler(name: str) -> Sampler:
    """The sampler of that name.

    Raises:
        SettingError: for a name that is not in :data:`SAMPLERS`.
    """
    if name not in SAMPLERS:
        raise unknown_name("sampler", name, SAMPLERS)
    return SAMPLERS[name].run


@dataclass(frozen=True)
class _Past:
    """The clean estimate of one modality at the last noise fraction that it left; at first there is none."""

    clean: Tensor | None = None
    s: float = math.nan


def _moving(grid: StepGrid, progress: Progress | None) -> Iterator[tuple[AV[float], AV[float]]]:
    """The steps of the grid in which anything changes; tells ``progress`` of all."""
    for done, (s, s_next) in enumerate(grid.steps(), start=1):
        if s != s_next:
            yield s, s_next
        if progress is not None:
            progress(done, len(grid))


def _estimate(
    denoise: Denoiser, state: AV[Tensor], s: AV[float], cond: Conditioning, previous: AV[Tensor] | None
) -> AV[Tensor]:
    clean = denoise(state, state.map(_levels, s), cond, previous)
    return clean.map(lambda estimate, x: estimate.to(x), state)


def _levels(state: Tensor, s: float) -> Tensor:
    dtype = torch.promote_types(state.dtype, torch.float32)
    return torch.full((len(state),), s, dtype=dtype, device=state.device)


def _toward(x: Tensor, clean: Tensor, s: float, s_next: float) -> Tensor:
    """``x + (s_next - s) * (noise - clean)``, the noise being the one that joins ``clean`` to ``x``."""
    return x if s == s_next else clean + (s_next / s) * (x - clean)


def _posterior_draw(x: Tensor, clean: Tensor, noise: Tensor, s: float, s_next: float) -> Tensor:
    """A draw from ``q(x at s_next | x at s, clean)``; ``ratio`` is that of sigma/alpha after and before."""
    if s == s_next:
        return x
    ratio = s_next * (1 - s) / (s * (1 - s_next))
    kept = ratio * s_next / s
    return (1 - s_next) * clean + kept * (x - (1 - s) * clean) + s_next * math.sqrt(1 - ratio**2) * noise


def _trapezium(x: Tensor, clean: Tensor, trial: Tensor, clean_next: Tensor, s: float, s_next: float) -> Tensor:
    """A step by the mean of the slopes ``dx/ds = (x - clean) / s`` at both its ends."""
    if s == s_next or s_next == 0:
        return trial
    slopes = (x - clean) / s + (trial - clean_next) / s_next
    return x + (s_next - s) / 2 * slopes


def _extrapolated(clean: Tensor, past: _Past, s: float, s_next: float) -> Tensor:
    """The clean estimate in the middle of a step, linear in ``log(alpha / sigma)``; first order onto ``s = 0``."""
    if past.clean is None or s == s_next or s_next == 0:
        return clean
    step = _log_snr(s_next) - _log_snr(s)
    return clean + step / (2 * (_log_snr(s) - _log_snr(past.s))) * (clean - past.clean)


def _remember(past: _Past, clean: Tensor, s: float, s_next: float) -> _Past:
    return past if s == s_next else _Past(clean, s)


def _log_snr(s: float) -> float:
    return math.inf if s == 0 else -math.inf if s == 1 else math.log((1 - s) / s)

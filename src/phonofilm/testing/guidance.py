"""Checks of guidance against the joint Gaussian."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Conditioning, Denoiser
from phonofilm.diffusion.samplers import euler
from phonofilm.pair import AV
from phonofilm.testing.gaussian import JointGaussian
from phonofilm.testing.samplers import assert_order, output_law, whole_paths

Guide = Callable[[Denoiser, Conditioning, AV[float]], Denoiser]
"""``guide(denoise, null, scale)``, such as :class:`phonofilm.diffusion.guidance.Guided`."""


def check_guidance(guide: Guide) -> None:
    """Guided estimates and the guided law equal their closed forms.

    A conditioning that moves the mean of a Gaussian by ``d`` moves the posterior mean by ``(I - G A) d``, so
    scales multiply that row by row; at equal scales ``w`` the guided law is the Gaussian moved by ``w d``.

    Raises:
        AssertionError: with what is wrong.
    """
    oracle = JointGaussian.coupled()
    offset = torch.linspace(-1, 1, len(oracle.law.mean), dtype=torch.float64)
    for scale in (AV(7.5, 2.5), AV(0.0, 1.0), AV(1.0, 1.0), AV(0.0, 0.0), AV(1.0, 0.5)):
        for s in (AV(1.0, 1.0), AV(0.3, 0.8), AV(0.9, 0.2), AV(0.0, 0.6)):
            _check_estimate(guide, oracle, offset, scale, s)
    for scale in (0.0, 1.0, 2.5):
        denoise, target = _guided(guide, oracle, AV.both(scale)), oracle.shifted(scale * offset)
        grids = [whole_paths(steps)["gamma 1.5"] for steps in (48, 96)]
        laws = [output_law(euler, denoise, target.at(grid[0]), grid, oracle, offset=offset) for grid in grids]
        assert_order([law.distance(target.law) for law in laws], 0.8, 1.3, f"guided by {scale}")


def _guided(guide: Guide, oracle: JointGaussian, scale: AV[float]) -> Denoiser:
    """The oracle's denoiser, guided, for a batch of any size."""

    def denoise(noisy: AV[Tensor], s: AV[Tensor], cond: Conditioning, previous: AV[Tensor] | None) -> AV[Tensor]:
        null = oracle.no_offset(len(noisy.video))
        return guide(oracle.denoise, null, scale)(noisy, s, cond, previous)

    return denoise


def _check_estimate(guide: Guide, oracle: JointGaussian, offset: Tensor, scale: AV[float], s: AV[float]) -> None:
    batch, n = 3, len(offset)
    flat = torch.linspace(-2, 2, batch * n, dtype=torch.float64).reshape(batch, n)
    noisy, null = oracle.unflatten(flat), oracle.no_offset(batch)
    cond = oracle.unflatten(offset.expand(batch, -1))
    levels = s.map(lambda level: torch.full((batch,), level, dtype=torch.float64))
    found = oracle.flatten(guide(oracle.denoise, null, scale)(noisy, levels, cond, None))
    plain = oracle.flatten(oracle.denoise(noisy, levels, null, None))
    moved = offset - oracle.gain(s) @ ((1 - oracle.per_number(s)) * offset)
    wrong = (found - plain - oracle.per_number(scale) * moved).abs().max()
    assert wrong < 1e-9, f"scale {scale} at {s}: the guided estimate is off its closed form by {wrong:.1e}"

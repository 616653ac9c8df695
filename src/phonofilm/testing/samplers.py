"""Checks of a sampler against the joint Gaussian."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from phonofilm.diffusion.contract import Conditioning, Denoiser
from phonofilm.diffusion.grid import Fractions, StepGrid, uniform
from phonofilm.diffusion.noise import draw, generators
from phonofilm.diffusion.samplers import Sampler
from phonofilm.diffusion.schedule import RectifiedFlow
from phonofilm.pair import AV
from phonofilm.testing.gaussian import JointGaussian, Law, pushed

_FLOW = AV.both(RectifiedFlow())
_COUNTS = (48, 96)
_COUNTS_DRAWN = (24, 48)  # random steps are followed one by one, which takes longer


def check_sampler(sampler: Sampler, *, order: float, draws: bool = False) -> None:
    """All checks of this file on one sampler.

    Args:
        sampler: the sampler.
        order: of convergence in law, 1 for Euler.
        draws: whether it adds noise on its way.

    Raises:
        AssertionError: with what is wrong.
    """
    check_straight_line(sampler)
    check_convergence(sampler, order=order, draws=draws)
    check_held(sampler, order=order, draws=draws)
    check_batch(sampler)


def inner_paths(steps: int) -> dict[str, StepGrid]:
    """Smooth ways from ``s = 0.98`` to ``0.02``, on which a method shows its order undisturbed."""
    clock = [t / steps for t in range(steps, -1, -1)]
    even, early, late = (
        tuple(0.02 + 0.96 * ((1 + bend) * t - bend * t * t) for t in clock) for bend in (0.0, 0.5, -0.5)
    )
    return {
        "one clock": StepGrid(AV(even, even)),
        "video leads": StepGrid(AV(late, early)),
        "audio leads": StepGrid(AV(early, late)),
    }


def whole_paths(steps: int) -> dict[str, StepGrid]:
    """Ways from noise to data: one clock, the paper's two clocks, one side that pauses, one that is ignored.

    Every method is first order on a step onto clean, and a clock ``t ** p`` with ``p < 1`` ends in a step of
    ``(1 / steps) ** p``: a second order shows as ``2 p`` there, 1.63 for ``gamma = 1.5``.
    """
    last = steps // 4
    paused: Fractions = (1.0,) * last + uniform(steps - 2 * last) + (0.0,) * last
    return {
        "noise to data": StepGrid.adjusted(_FLOW, steps),
        "gamma 1.5": StepGrid.adjusted(_FLOW, steps, gamma=1.5),
        "gamma 2/3, audio shifted": StepGrid.adjusted(_FLOW, steps, gamma=1 / 1.5, shift=AV(1.0, 2.0)),
        "video waits": StepGrid(AV(paused, uniform(steps))),
        "audio ignored": StepGrid.adjusted(_FLOW, steps).ignore(AV(False, True)),
    }


def check_straight_line(sampler: Sampler) -> None:
    """With a denoiser that knows the answer, every path to clean ends exactly at it, in however few steps.

    Raises:
        AssertionError: if the last step is not taken, or is not onto the clean estimate.
    """
    oracle = JointGaussian.coupled()
    answer = oracle.unflatten(torch.linspace(-3, 4, 2 * len(oracle.law.mean), dtype=torch.float64).reshape(2, -1))

    def knowing(noisy: AV[Tensor], s: AV[Tensor], cond: Conditioning, previous: AV[Tensor] | None) -> AV[Tensor]:
        return answer

    for name, grid in {"one step": StepGrid(AV.both((1.0, 0.0))), **whole_paths(8)}.items():
        sources = generators((3, 1))
        begin = draw(oracle.size, sources).map(Tensor.double)
        end = sampler(knowing, begin, grid, cond=oracle.no_offset(2), generators=sources)
        for found, wanted, s in zip(end, answer, grid[-1], strict=True):
            off = 0.0 if s > 0 else float((found - wanted).abs().max())
            assert off < 1e-9, f"{name}: ends {off:.1e} away from a clean estimate that never changes"


def check_convergence(
    sampler: Sampler,
    *,
    order: float,
    draws: bool = False,
    oracle: JointGaussian | None = None,
    denoise: Denoiser | None = None,
    offset: Tensor | None = None,
    target: JointGaussian | None = None,
) -> None:
    """The output law tends to the data law at the order stated, along every path, and the law of states stays right.

    Args:
        sampler: the sampler.
        order: of convergence.
        draws: whether it adds noise.
        oracle: the data law.
        denoise: what to sample with, by default the oracle's own denoiser.
        offset: conditioning to sample with, ``(n,)``.
        target: the law that should come out, by default the data law.

    Raises:
        AssertionError: with the path, the errors and the order seen.
    """
    oracle = oracle or JointGaussian.coupled()
    denoise, target = denoise or oracle.denoise, target or oracle

    def error(grid: StepGrid) -> float:
        end = output_law(sampler, denoise, target.at(grid[0]), grid, oracle, draws, offset)
        return end.distance(target.at(grid[-1]))

    counts = _COUNTS_DRAWN if draws else _COUNTS
    for paths, least, most in ((inner_paths, order - 0.15, order + 0.3), (whole_paths, order - 0.4, math.inf)):
        for name in paths(counts[0]):
            assert_order([error(paths(steps)[name]) for steps in counts], least, most, name)


def check_held(sampler: Sampler, *, order: float, draws: bool = False) -> None:
    """A given modality comes out bit for bit; the other follows the exact conditional law given it.

    Raises:
        AssertionError: with what is wrong.
    """
    oracle = JointGaussian.coupled()
    for held in (AV(True, False), AV(False, True)):
        _check_untouched(sampler, oracle, held)
        given = oracle.law.mean + torch.linspace(-2, 2, len(oracle.law.mean), dtype=torch.float64)
        known = oracle.per_number(held.map(float)) > 0
        first = Law(torch.where(known, given, 0.0), torch.diag((~known).double()))
        wanted = conditional(oracle.law, given, known)
        grids = [StepGrid.adjusted(_FLOW, steps).hold(held) for steps in (_COUNTS_DRAWN if draws else _COUNTS)]
        laws = [output_law(sampler, oracle.denoise, first, grid, oracle, draws) for grid in grids]
        assert_order([law.distance(wanted) for law in laws], order - 0.4, math.inf, f"held: {held}")


def check_batch(sampler: Sampler) -> None:
    """A sample is the same alone as in a batch, and the same twice.

    Raises:
        AssertionError: if it depends on its neighbours or on hidden state.
    """
    oracle, seeds = JointGaussian.coupled(), (3, 1, 4)
    grid = StepGrid.adjusted(_FLOW, 5, gamma=1.5)

    def run(seeds: tuple[int, ...]) -> Tensor:
        sources = generators(seeds)
        noise = draw(oracle.size, sources).map(Tensor.double)
        cond = oracle.no_offset(len(seeds))
        return oracle.flatten(sampler(oracle.denoise, noise, grid, cond=cond, generators=sources))

    together = run(seeds)
    for row, seed in enumerate(seeds):
        difference = (run((seed,))[0] - together[row]).abs().max()
        assert difference < 1e-9, f"sample {row} differs by {difference:.1e} when drawn alone"
    assert torch.equal(run(seeds), together), "the same seeds gave two results"


def assert_order(errors: list[float], least: float, most: float, what: str) -> None:
    """Errors at step counts that double fall at an order within bounds, and are small.

    Raises:
        AssertionError: if not.
    """
    slope = math.log2(max(errors[-2], 1e-16) / max(errors[-1], 1e-16))
    seen = f"errors {', '.join(f'{error:.2e}' for error in errors)} as steps double: order {slope:.2f}"
    assert least <= slope <= most, f"{what}: {seen}, not {least} to {most}"
    assert errors[-1] < 0.25, f"{what}: {seen}, but far from the law"


def output_law(
    sampler: Sampler,
    denoise: Denoiser,
    first: Law,
    grid: StepGrid,
    oracle: JointGaussian,
    draws: bool = False,
    offset: Tensor | None = None,
) -> Law:
    """The exact law of a sampler's output when it starts from the law ``first``.

    One that draws noise is followed step by step, as its steps keep nothing but the state.
    """
    shift = torch.zeros_like(oracle.law.mean) if offset is None else offset

    def law_after(first: Law, grid: StepGrid) -> Law:
        def run(start: AV[Tensor], seed: int = 0) -> AV[Tensor]:
            batch = len(start.video)
            cond = oracle.unflatten(shift.expand(batch, -1))
            return sampler(denoise, start, grid, cond=cond, generators=generators([seed] * batch))

        if not draws:
            return pushed(run, first, oracle)
        origin = oracle.no_offset(1)
        one, two = (oracle.flatten(run(origin, seed))[0] for seed in (0, 1))
        scale = _noise_scale(one - two, oracle)
        moved = pushed(run, first, oracle)
        noise = oracle.flatten(draw(oracle.size, generators([0])))[0].double()
        return Law(moved.mean - scale * noise, moved.covariance + torch.diag(scale.square()))

    if not draws:
        return law_after(first, grid)
    law = first
    for s, s_next in grid.steps():
        law = law_after(law, StepGrid(s.map(lambda a, b: (a, b), s_next)))
    return law


def conditional(law: Law, given: Tensor, known: Tensor) -> Law:
    """The law given the numbers where ``known`` is true; those have no variance left."""
    free = ~known
    across = torch.linalg.solve(law.covariance[known][:, known], law.covariance[known][:, free])
    mean, covariance = given.clone(), torch.zeros_like(law.covariance)
    mean[free] = law.mean[free] + across.T @ (given - law.mean)[known]
    rest = law.covariance[free][:, free] - across.T @ law.covariance[known][:, free]
    covariance[free.nonzero(), free.nonzero().T] = rest
    return Law(mean, covariance)


def _noise_scale(difference: Tensor, oracle: JointGaussian) -> Tensor:
    """How strongly each number was noised, from the outputs of seeds 0 and 1: the same within a modality."""
    noise = [oracle.flatten(draw(oracle.size, generators([seed])))[0].double() for seed in (0, 1)]
    own = oracle.unflatten(difference[None]).map(Tensor.flatten)
    drawn = oracle.unflatten((noise[0] - noise[1])[None]).map(Tensor.flatten)
    scale = own.map(lambda out, into: out @ into / (into @ into), drawn)
    for out, into, factor in zip(own, drawn, scale, strict=True):
        stray = (out - factor * into).abs().max()
        assert stray < 1e-6, f"noise is not the generators' own, independent for each modality: stray part {stray:.1e}"
    return oracle.per_number(scale.map(float))


def _check_untouched(sampler: Sampler, oracle: JointGaussian, held: AV[bool]) -> None:
    sources = generators((3, 1, 4))
    start = draw(oracle.size, sources).map(Tensor.double)
    grid = StepGrid.adjusted(_FLOW, 7, gamma=1.5).hold(held)
    end = sampler(oracle.denoise, start, grid, cond=oracle.no_offset(3), generators=sources)
    same = start.map(torch.equal, end)
    assert same == held, f"of {held}, held and to stay as given, {same} stayed"

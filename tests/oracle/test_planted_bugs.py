"""The checks themselves are checked: each bug planted here must be caught."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from phonofilm.diffusion import samplers
from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.noise import draw, draw_like
from phonofilm.diffusion.samplers import ddpm, dpmpp_2m, euler, heun
from phonofilm.pair import AV
from phonofilm.testing import JointGaussian, Law, check_convergence, check_guidance, check_sampler, check_straight_line


def levels(x, s):
    return torch.full((len(x),), s, dtype=torch.float64)


def stepping(step, *, seen=lambda s, s_next: s, rows=lambda grid: [grid[i] for i in range(len(grid) + 1)]):
    """An Euler-like sampler with a step, a level to evaluate at and rows of one's choosing."""

    def sampler(denoise, start, grid, *, cond, generators=(), progress=None):
        state = start
        for s, s_next in pairwise(rows(grid)):
            at = seen(s, s_next)
            clean = denoise(state, state.map(levels, at), cond, None)
            state = step(state, clean, s, s_next, generators)
        return state

    return sampler


def toward(state, clean, s, s_next, generators):
    return state.map(lambda x, c, a, b: x if a == b else c + b / a * (x - c), clean, s, s_next)


def variance_preserving(state, clean, s, s_next, generators):
    """Takes the state for one with alpha = sqrt(1 - s**2)."""

    def step(x, c, a, b):
        eps = (x - math.sqrt(1 - a * a) * c) / a if a else x
        return x if a == b else math.sqrt(1 - b * b) * c + b * eps

    return state.map(step, clean, s, s_next)


def overshooting(state, clean, s, s_next, generators):
    return state.map(lambda x, c, a, b: x if a == b else x + 1.02 * (b - a) * (x - c) / a, clean, s, s_next)


def exchanged_estimates(state, clean, s, s_next, generators):
    """Each modality takes the other's step length."""
    return state.map(lambda x, c, a, b: x if a == 0 else c + b / a * (x - c), clean, s, s_next.swap())


def moving_held(state, clean, s, s_next, generators):
    return state.map(lambda x, c, a, b: c if a == b else c + b / a * (x - c), clean, s, s_next)


def eps_of_previous_level(state, clean, s, s_next, generators):
    return state.map(lambda x, c, a, b: x if a == b else c + b / min(1.0, a + 0.01) * (x - c), clean, s, s_next)


def at_next(s, s_next):
    return s_next.map(lambda after: max(after, 1e-3))


def shared_clock(s, s_next):
    return AV.both(s.video)


def skipped_row(grid):
    return [grid[i] for i in range(len(grid) + 1) if i != len(grid) // 2 + 1]


def first_order_tail(grid):
    return [grid[i] for i in range(len(grid))]


def mutated(sampler, **replaced):
    """The sampler with private helpers replaced."""

    def run(*args, **kwargs):
        with pytest.MonkeyPatch.context() as patch:
            for name, helper in replaced.items():
                patch.setattr(samplers, name, helper)
            return sampler(*args, **kwargs)

    return run


def one_sided(x, clean, trial, clean_next, s, s_next):
    """Heun that forgets the first slope."""
    return trial if s == s_next or s_next == 0 else x + (s_next - s) * (trial - clean_next) / s_next


def stale_level(x, clean, trial, clean_next, s, s_next):
    """Heun that divides the second slope by the first level."""
    return trial if s == s_next or s_next == 0 else x + (s_next - s) / 2 * (x - clean + trial - clean_next) / s


def unscaled(clean, past, s, s_next):
    """2M for even steps on uneven ones, in the wrong variable."""
    return clean if past.clean is None or s_next in (0, s) else clean + (clean - past.clean) / 3


def backwards(clean, past, s, s_next):
    return clean if past.clean is None or s_next in (0, s) else clean - (clean - past.clean) / 2


def too_quiet(x, clean, noise, s, s_next):
    return samplers_posterior(x, clean, 0.9 * noise, s, s_next)


samplers_posterior = samplers._posterior_draw


def common_noise(state, sources):
    """The same numbers for picture and sound."""
    own = draw_like(state, sources)
    flat = own.video.flatten(1)
    return AV(own.video, flat[:, : own.audio[0].numel()].reshape(own.audio.shape))


def batch_generator(state, sources):
    """One generator for all samples."""
    size = state.map(lambda x: tuple(x.shape))
    return draw(size, sources[:1]).map(lambda noise: noise[0].double())


def hidden_state():
    calls = []

    def sampler(denoise, start, grid, *, cond, generators=(), progress=None):
        calls.append(1)
        end = euler(denoise, start, grid, cond=cond)
        return end.map(lambda x: x + 1e-3 * len(calls))

    return sampler


@pytest.mark.parametrize(
    ("sampler", "order", "draws"),
    [
        pytest.param(stepping(variance_preserving), 1, False, id="wrong alpha"),
        pytest.param(stepping(overshooting), 1, False, id="step too long by 2 %"),
        pytest.param(stepping(exchanged_estimates), 1, False, id="modalities take each other's step"),
        pytest.param(stepping(eps_of_previous_level), 1, False, id="noise of another level"),
        pytest.param(stepping(toward, seen=at_next), 1, False, id="evaluated a row late, Euler as heun"),
        pytest.param(stepping(toward, seen=lambda s, s_next: s.swap()), 1, False, id="levels swapped"),
        pytest.param(stepping(toward, seen=shared_clock), 1, False, id="one clock for both"),
        pytest.param(stepping(toward, rows=first_order_tail), 1, False, id="last step forgotten"),
        pytest.param(stepping(moving_held), 1, False, id="held modality replaced by its estimate"),
        pytest.param(euler, 2, False, id="Euler sold as second order"),
        pytest.param(stepping(toward, rows=skipped_row), 2, False, id="row skipped"),
        pytest.param(mutated(heun, _trapezium=one_sided), 2, False, id="Heun with one slope"),
        pytest.param(mutated(heun, _trapezium=stale_level), 2, False, id="Heun with a stale level"),
        pytest.param(mutated(dpmpp_2m, _extrapolated=unscaled), 2, False, id="2M without its step ratio"),
        pytest.param(mutated(dpmpp_2m, _extrapolated=backwards), 2, False, id="2M that interpolates backwards"),
        pytest.param(mutated(dpmpp_2m, _remember=lambda past, clean, s, s_next: past), 2, False, id="2M, no memory"),
        pytest.param(mutated(ddpm, _posterior_draw=too_quiet), 1, True, id="too little noise"),
        pytest.param(mutated(ddpm, draw_like=common_noise), 1, True, id="same noise for picture and sound"),
        pytest.param(mutated(ddpm, draw_like=batch_generator), 1, True, id="one generator for the batch"),
        pytest.param(hidden_state(), 1, False, id="hidden state"),
    ],
)
def test_a_sampler_with_a_bug_fails(sampler, order, draws):
    with pytest.raises(AssertionError):
        check_sampler(sampler, order=order, draws=draws)


def test_the_same_scaffold_without_a_bug_passes():
    check_sampler(stepping(toward), order=1)
    check_straight_line(mutated(heun))


def test_a_denoiser_that_forgets_the_coupling_fails():
    oracle = JointGaussian.coupled()
    cut = oracle.lengths.video
    separate = oracle.law.covariance.clone()
    separate[:cut, cut:] = separate[cut:, :cut] = 0
    blind = JointGaussian(oracle.size, Law(oracle.law.mean, separate))
    check_convergence(euler, order=1, oracle=oracle, denoise=oracle.denoise)
    with pytest.raises(AssertionError):
        check_convergence(euler, order=1, oracle=oracle, denoise=blind.denoise)


def offset_from_conditional(denoise, null, scale):
    """``cond + scale * (cond - null)``: the formula of Ho and Salimans, whose scale counts from 0."""
    return guiding(denoise, null, lambda n, c, w: c + w * (c - n), scale)


def exchanged_halves(denoise, null, scale):
    return guiding(denoise, null, lambda n, c, w: c + w * (n - c), scale)


def one_scale(denoise, null, scale):
    return guiding(denoise, null, lambda n, c, w: n + w * (c - n), AV.both(scale.video))


def guided_state(denoise, null, scale):
    """Guides by the distance to the state."""

    def guided(noisy, s, cond, previous):
        full = denoise(noisy, s, cond, previous)
        return noisy.map(lambda x, c, w: x + w * (c - x), full, scale)

    return guided


def guiding(denoise, null, formula, scale):
    def guided(noisy, s, cond, previous):
        empty, full = denoise(noisy, s, null, previous), denoise(noisy, s, cond, previous)
        return empty.map(formula, full, scale)

    return guided


@pytest.mark.parametrize("guide", [offset_from_conditional, exchanged_halves, one_scale, guided_state])
def test_guidance_with_a_bug_fails(guide):
    with pytest.raises(AssertionError, match="closed form"):
        check_guidance(guide)


def test_the_right_formula_passes():
    check_guidance(lambda denoise, null, scale: guiding(denoise, null, lambda n, c, w: n + w * (c - n), scale))


def test_a_nonlinear_sampler_is_told_apart():
    def clipping(denoise, start, grid, *, cond, generators=(), progress=None):
        return euler(denoise, start, grid, cond=cond).map(lambda x: x.clamp(-1, 1))

    with pytest.raises(AssertionError, match="not affine"):
        check_convergence(clipping, order=1)


def test_a_grid_without_end_is_not_the_data_law():
    """The first error is not hidden by a generous bound: one step is far from the law."""
    oracle = JointGaussian.coupled()
    grid = StepGrid(AV.both((1.0, 0.0)))
    from phonofilm.testing.samplers import output_law

    assert output_law(euler, oracle.denoise, oracle.at(grid[0]), grid, oracle).distance(oracle.law) > 0.5

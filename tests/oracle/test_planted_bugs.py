"""The checks themselves are checked: each bug planted here must be caught."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import pytest
import torch

from phonofilm.diffusion import samplers
from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.noise import draw, draw_like
from phonofilm.diffusion.samplers import ddpm, dpmpp_2m, euler, heun
from phonofilm.pair import AV
from phonofilm.testing import (
    JointGaussian,
    Law,
    check_batch,
    check_convergence,
    check_guidance,
    check_held,
    check_sampler,
    check_straight_line,
)
from phonofilm.testing.samplers import output_law


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


def swapped(s, s_next):
    return s.swap()


def shared_clock(s, s_next):
    return AV.both(s.video)


def first_order_tail(grid):
    return [grid[i] for i in range(len(grid))]


def forgetting_a_step(sampler):
    """The step in the middle of the grid changes nothing, as if its row had been skipped by the state alone."""

    def run(denoise, start, grid, **rest):
        rows = [grid[i] for i in range(len(grid) + 1)]
        middle = len(grid) // 2
        halves = [half for half in (rows[: middle + 1], rows[middle + 1 :]) if len(half) > 1]
        for half in halves if middle else [rows]:
            start = sampler(denoise, start, along(half), **rest)
        return start

    return run


def along(rows):
    return StepGrid(AV(tuple(s.video for s in rows), tuple(s.audio for s in rows)))


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


def hidden_state(size):
    """Each call comes out a little further off."""
    calls = []

    def sampler(denoise, start, grid, *, cond, generators=(), progress=None):
        calls.append(1)
        end = euler(denoise, start, grid, cond=cond)
        return end.map(lambda x: x + size * len(calls))

    return sampler


first = partial(check_sampler, order=1)
second = partial(check_sampler, order=2)
drawn = partial(check_sampler, order=1, draws=True)
held = partial(check_held, order=1)

STAYS_OFF = r"order -[01]\.\d\d, not 0\.[68]"
FIRST_ORDER = r"one clock: .* order (0\.9|1\.0)\d, not 1\.85"
NOT_ONTO_CLEAN = "away from a clean estimate that never changes"


@pytest.mark.parametrize(
    ("sampler", "check", "message"),
    [
        pytest.param(stepping(variance_preserving), first, f"one clock: .*{STAYS_OFF}", id="wrong alpha"),
        pytest.param(stepping(overshooting), first, f"one step: .*{NOT_ONTO_CLEAN}", id="step too long by 2 %"),
        pytest.param(stepping(exchanged_estimates), first, f"video waits: .*{NOT_ONTO_CLEAN}", id="the other's step"),
        pytest.param(stepping(eps_of_previous_level), first, f"one clock: .*{STAYS_OFF}", id="noise of another level"),
        pytest.param(stepping(toward, seen=at_next), first, "audio leads: .* order 0.8", id="evaluated a row late"),
        pytest.param(stepping(toward, seen=swapped), first, f"video leads: .*{STAYS_OFF}", id="levels swapped"),
        pytest.param(
            stepping(toward, seen=shared_clock), first, f"video leads: .*{STAYS_OFF}", id="one clock for both"
        ),
        pytest.param(
            stepping(toward, rows=first_order_tail), first, f"one step: .*{NOT_ONTO_CLEAN}", id="last step forgotten"
        ),
        pytest.param(stepping(moving_held), first, f"video waits: .*{STAYS_OFF}", id="waiting side jumps to estimate"),
        pytest.param(stepping(moving_held), held, "held and to stay as given", id="held side jumps to estimate"),
        pytest.param(euler, second, FIRST_ORDER, id="Euler sold as second order"),
        pytest.param(forgetting_a_step(heun), second, FIRST_ORDER, id="Heun with a step forgotten"),
        pytest.param(mutated(heun, _trapezium=one_sided), second, FIRST_ORDER, id="Heun with one slope"),
        pytest.param(mutated(heun, _trapezium=stale_level), second, FIRST_ORDER, id="Heun with a stale level"),
        pytest.param(mutated(dpmpp_2m, _extrapolated=unscaled), second, FIRST_ORDER, id="2M without its step ratio"),
        pytest.param(mutated(dpmpp_2m, _extrapolated=backwards), second, FIRST_ORDER, id="2M interpolates backwards"),
        pytest.param(
            mutated(dpmpp_2m, _remember=lambda past, clean, s, s_next: past), second, FIRST_ORDER, id="2M, no memory"
        ),
        pytest.param(mutated(ddpm, _posterior_draw=too_quiet), drawn, "one clock: .* order 0.3", id="too little noise"),
        pytest.param(
            mutated(ddpm, draw_like=common_noise), drawn, "independent for each modality", id="picture's noise in sound"
        ),
        pytest.param(mutated(ddpm, draw_like=batch_generator), drawn, "not affine", id="one generator for the batch"),
        pytest.param(
            mutated(ddpm, draw_like=batch_generator), check_batch, "when drawn alone", id="sample depends on its batch"
        ),
        pytest.param(hidden_state(1e-3), first, f"one step: .*{NOT_ONTO_CLEAN}", id="hidden state"),
        pytest.param(hidden_state(1e-12), check_batch, "the same seeds gave two results", id="faint hidden state"),
    ],
)
def test_a_sampler_with_a_bug_fails_for_it(sampler, check, message):
    with pytest.raises(AssertionError, match=message):
        check(sampler)


def test_forgetting_no_step_is_no_bug():
    """What the planted bug is made of: a sampler run in two pieces is the sampler."""

    def in_two(denoise, start, grid, **rest):
        rows = [grid[i] for i in range(len(grid) + 1)]
        middle = len(grid) // 2
        pieces = [rows[: middle + 1], rows[middle:]] if middle else [rows]
        for piece in pieces:
            start = heun(denoise, start, along(piece), **rest)
        return start

    check_convergence(in_two, order=2)


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
    assert output_law(euler, oracle.denoise, oracle.at(grid[0]), grid, oracle).distance(oracle.law) > 0.5

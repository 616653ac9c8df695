"""Every sampler, and guidance, against the law of jointly Gaussian latents."""

from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion import masks
from phonofilm.diffusion.grid import StepGrid, uniform
from phonofilm.diffusion.guidance import Guided
from phonofilm.diffusion.noise import generators
from phonofilm.diffusion.parameterization import EPS, VELOCITY, X0, NetworkDenoiser, V
from phonofilm.diffusion.samplers import SAMPLERS, heun
from phonofilm.diffusion.schedule import BetaSchedule, RectifiedFlow
from phonofilm.pair import AV
from phonofilm.testing import JointGaussian, check_guidance, check_sampler
from phonofilm.testing.samplers import conditional, output_law

METHODS = {method.run: method for method in SAMPLERS.values()}
"""Every sampler once, whatever the number of its names."""


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.run.__name__)
def test_every_sampler_keeps_what_it_declares(method):
    check_sampler(method.run, order=method.order, draws=method.draws)


def test_guidance():
    check_guidance(Guided)


def test_posterior_mean_is_the_regression_of_clean_on_noisy():
    """The oracle itself, against draws: the residual of the best estimate is uncorrelated with the state."""
    oracle, s = JointGaussian.coupled(), AV(0.3, 0.7)
    source = torch.Generator().manual_seed(1)
    n, batch = len(oracle.law.mean), 40_000
    root = torch.linalg.cholesky(oracle.law.covariance)
    clean = oracle.law.mean + torch.randn(batch, n, generator=source, dtype=torch.float64) @ root.T
    levels = oracle.per_number(s)
    noisy = (1 - levels) * clean + levels * torch.randn(batch, n, generator=source, dtype=torch.float64)
    pair = s.map(lambda level: torch.full((batch,), level, dtype=torch.float64))
    found = oracle.flatten(oracle.denoise(oracle.unflatten(noisy), pair, oracle.no_offset(batch), None))
    residue = clean - found
    assert residue.mean(dim=0).abs().max() < 0.03
    assert (residue.T @ (noisy - noisy.mean(dim=0)) / batch).abs().max() < 0.04


def test_picture_and_sound_are_coupled_through_their_states_alone():
    """Sampled together, they have the cross-covariance of the data, with no noise in common."""
    oracle = JointGaussian.coupled()
    grid = StepGrid(AV.both(uniform(200)))
    law = output_law(heun, oracle.denoise, oracle.at(grid[0]), grid, oracle)
    cut = oracle.lengths.video
    wanted = oracle.law.covariance[:cut, cut:]
    assert wanted.norm() > 1
    assert (law.covariance[:cut, cut:] - wanted).norm() < 0.001 * wanted.norm()


@pytest.mark.parametrize("kind", [EPS, V, X0, VELOCITY], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "schedule",
    [RectifiedFlow(), BetaSchedule(), BetaSchedule(betas="cosine"), BetaSchedule(zero_terminal_snr=True)],
    ids=["flow", "linear", "cosine", "zero-snr"],
)
def test_exact_network_of_any_kind_is_the_exact_denoiser(kind, schedule):
    """A network written in the textbook's variables, brought to clean estimates at two noise levels at once."""
    oracle = JointGaussian.coupled()
    denoiser = NetworkDenoiser(TextbookNetwork(oracle, schedule, kind.name), AV.both(schedule), AV.both(kind))
    flat = torch.linspace(-2, 2, 3 * len(oracle.law.mean), dtype=torch.float64).reshape(3, -1)
    noisy, cond = oracle.unflatten(flat), oracle.no_offset(3)
    s = AV(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64), torch.tensor([0.97, 0.02, 0.6], dtype=torch.float64))
    found, exact = denoiser(noisy, s, cond, None), oracle.denoise(noisy, s, cond, None)
    torch.testing.assert_close(oracle.flatten(found), oracle.flatten(exact), rtol=1e-6, atol=1e-6)


class TextbookNetwork:
    """Predicts for ``x_t = alpha_t x_0 + sigma_t eps`` at timestep ``t``, as papers write it."""

    def __init__(self, oracle, schedule, kind):
        self.oracle, self.schedule, self.kind = oracle, schedule, kind

    def shared(self, x, t, previous):
        return AV(None, None)

    def __call__(self, x, t, cond, shared):
        scales = t.map(lambda t: self.schedule.alpha_sigma(self.schedule.fraction(t)))
        s = scales.map(lambda pair: pair[1] / (pair[0] + pair[1]))
        state = x.map(lambda x, pair: x / wide(pair[0] + pair[1], x), scales)
        clean = self.oracle.denoise(state, s, cond, None)
        return x.map(self.predict, clean, scales)

    def predict(self, x, clean, scales):
        alpha, sigma = (wide(value, x) for value in scales)
        eps = (x - alpha * clean) / sigma
        radius = (alpha**2 + sigma**2).sqrt()
        return {
            "eps": eps,
            "x0": clean,
            "velocity": eps - clean,
            "v": (alpha * eps - sigma * clean) / radius,
        }[self.kind]


def wide(values, like):
    return values.reshape(-1, *(1,) * (like.ndim - 1))


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.run.__name__)
def test_known_region_ends_as_given_whatever_the_sampler(method):
    oracle = JointGaussian.coupled()
    truth = oracle.unflatten(torch.linspace(-1, 3, 2 * len(oracle.law.mean)).double().reshape(2, -1))
    mask = torch.zeros(2, 3, 5, dtype=torch.bool)
    mask[:, :2] = True
    known = AV(masks.Known(truth.video, mask), None)
    grid = StepGrid.adjusted(AV.both(RectifiedFlow()), 9, gamma=1.5)
    noise = truth.map(torch.randn_like)
    denoise = masks.Inpainted(oracle.denoise, known)
    begin = masks.start(noise, grid[0], known)
    end = method.run(denoise, begin, grid, cond=oracle.no_offset(2), generators=generators((0, 1)))
    torch.testing.assert_close(end.video[:, mask], truth.video[:, mask], rtol=0, atol=1e-12)
    assert torch.equal(masks.paste(end, known).video[:, mask], truth.video[:, mask])
    assert not torch.isclose(end.video[:, ~mask], truth.video[:, ~mask]).any()


def test_conditional_law_of_two_numbers():
    """``x2 | x1`` of a bivariate normal, by hand: mean ``rho * x1``, variance ``1 - rho**2``."""
    from phonofilm.testing import Law

    law = Law(torch.zeros(2).double(), torch.tensor([[1.0, 0.6], [0.6, 1.0]]).double())
    given = conditional(law, torch.tensor([2.0, 0.0]).double(), torch.tensor([True, False]))
    torch.testing.assert_close(given.mean, torch.tensor([2.0, 1.2]).double())
    torch.testing.assert_close(given.covariance, torch.tensor([[0.0, 0.0], [0.0, 0.64]]).double())

"""DDIM as an Euler step in the noise fraction, against the scheduler of diffusers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from diffusers import DDIMScheduler

from phonofilm.diffusion.grid import StepGrid, at_timesteps, leading, linspace, trailing
from phonofilm.diffusion.masks import start
from phonofilm.diffusion.noise import draw_like, generators
from phonofilm.diffusion.parameterization import NetworkDenoiser, parameterization
from phonofilm.diffusion.samplers import ddpm, euler
from phonofilm.diffusion.schedule import BetaSchedule
from phonofilm.errors import SettingError
from phonofilm.pair import AV

THEIR_BETAS = {"linear": "linear", "scaled-linear": "scaled_linear", "cosine": "squaredcos_cap_v2"}
THEIR_PREDICTION = {"eps": "epsilon", "v": "v_prediction", "x0": "sample"}


def predict(x, t):
    """Some smooth network: nonlinear, with a strong dependence on time."""
    return 0.6 * x + 0.3 * torch.sin(3 * x) + 0.2 * torch.cos(torch.as_tensor(t, dtype=x.dtype) / 100)


class Recorder:
    """The same network under our contract; keeps what it is shown."""

    def __init__(self):
        self.inputs, self.times = [], []

    def shared(self, x, t, previous):
        return AV(None, None)

    def __call__(self, x, t, cond, shared):
        self.inputs.append(x.video)
        self.times.append(t.video)
        return x.map(lambda x, t: predict(x, t[0]), t)


def theirs(scheduler, timesteps, noise):
    """Their trajectory: every input of the network, then the result."""
    states = [noise]
    for t, t_next in pairwise((*timesteps, None)):
        # The scheduler always steps by 1000 // n; told a fitting n, it steps onto the next timestep of the list.
        gap = t + 1 if t_next is None else t - t_next
        scheduler.num_inference_steps = Fraction(scheduler.config.num_train_timesteps, gap)
        states.append(scheduler.step(predict(states[-1], t), t, states[-1], eta=0.0).prev_sample)
    return states


def spacings(schedule, steps, offset=1):
    return {
        "linspace": linspace(schedule, steps),
        "leading": leading(schedule, steps, offset),
        "trailing": trailing(schedule, steps),
    }


def ours(schedule, prediction, timesteps, noise, end):
    """Our trajectory, in the network's scale: every input of the network, then the result."""
    grid = StepGrid(AV(at_timesteps(schedule, timesteps, end), None))
    network = Recorder()
    denoiser = NetworkDenoiser(network, AV.both(schedule), AV.both(parameterization(prediction)))
    state = euler(denoiser, start(AV(noise, None), grid[0]), grid, cond=AV(None, None))
    alpha, sigma = schedule.alpha_sigma(torch.tensor(grid[-1].video, dtype=torch.float64))
    assert torch.stack(network.times)[:, 0].tolist() == pytest.approx(timesteps[: len(network.times)])
    return [*network.inputs, state.video * (alpha + sigma)]


def worst(own, their):
    # A step onto the level where it stands is not evaluated: theirs may have one input more, equal to the result.
    their = their[: len(own) - 1] + their[-1:]
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(own, their, strict=True))


def alphas_cumprod(schedule):
    t = torch.arange(schedule.steps, dtype=torch.float64)
    return schedule.alpha_sigma(schedule.fraction(t))[0].square()


@pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
@pytest.mark.parametrize("prediction", ["eps", "v", "x0"])
@pytest.mark.parametrize(
    ("betas", "first", "last", "zero_snr", "alpha_one", "tolerance"),
    [
        ("linear", 1e-4, 0.02, False, True, 1e-5),
        ("scaled-linear", 0.0015, 0.0195, False, False, 1e-5),
        ("scaled-linear", 0.00085, 0.012, True, True, 1e-5),
        # Their single-precision table is off by 6e-5 where beta is 0.999.
        ("cosine", 1e-4, 0.02, False, True, 1e-4),
    ],
)
def test_trajectory_equals_diffusers(betas, first, last, zero_snr, alpha_one, tolerance, prediction, spacing):
    schedule = BetaSchedule(betas=betas, start=first, end=last, zero_terminal_snr=zero_snr)
    scheduler = DDIMScheduler(
        beta_start=first,
        beta_end=last,
        beta_schedule=THEIR_BETAS[betas],
        rescale_betas_zero_snr=zero_snr,
        set_alpha_to_one=alpha_one,
        clip_sample=False,
        steps_offset=1 if spacing == "leading" else 0,
        prediction_type=THEIR_PREDICTION[prediction],
        timestep_spacing=spacing,
    )
    timesteps = spacings(schedule, 23)[spacing]
    scheduler.set_timesteps(23)
    assert timesteps == tuple(scheduler.timesteps.tolist())

    noise = torch.randn(2, 3, 5, 7, 11, dtype=torch.float64)
    end = 0.0 if alpha_one else float(schedule.fraction(torch.tensor(0.0, dtype=torch.float64)))
    if zero_snr and prediction == "eps" and spacing != "leading":
        # Theirs divides by zero here.
        with pytest.raises(SettingError, match="cannot start from pure noise"):
            ours(schedule, prediction, timesteps, noise, end)
        return
    own = ours(schedule, prediction, timesteps, noise, end)
    assert worst(own, theirs(scheduler, timesteps, noise)) < tolerance

    # What is left is the rounding of their table: on one of double precision both agree to its last digits.
    scheduler.alphas_cumprod = alphas_cumprod(schedule)
    scheduler.final_alpha_cumprod = torch.tensor(1.0) if alpha_one else scheduler.alphas_cumprod[0]
    assert worst(own, theirs(scheduler, timesteps, noise)) < 1e-10


@pytest.mark.parametrize("steps", [1, 4, 25, 50, 333, 1000])
def test_spacings_equal_diffusers(steps):
    offset = 1 if steps < 1000 else 0
    for spacing, timesteps in spacings(BetaSchedule(), steps, offset).items():
        scheduler = DDIMScheduler(steps_offset=offset if spacing == "leading" else 0, timestep_spacing=spacing)
        scheduler.set_timesteps(steps)
        assert timesteps == tuple(scheduler.timesteps.tolist())


def test_ancestral_equals_ddim_with_eta_one():
    """The DDPM step, against their DDIM step with eta = 1 and the same noise."""
    schedule = BetaSchedule(betas="scaled-linear", start=0.0015, end=0.0195)
    scheduler = DDIMScheduler(clip_sample=False, set_alpha_to_one=True)
    scheduler.alphas_cumprod = alphas_cumprod(schedule)
    timesteps = leading(schedule, 25, offset=1)
    scheduler.set_timesteps(25)
    seeds = (5, 6)
    noise = torch.randn(2, 3, 5, 7, 11, dtype=torch.float64)

    sources, their = generators(seeds), noise
    for t in timesteps:
        fresh = draw_like(AV(their, None), sources).video
        their = scheduler.step(predict(their, t), t, their, eta=1.0, variance_noise=fresh).prev_sample

    grid = StepGrid(AV(at_timesteps(schedule, timesteps), None))
    denoiser = NetworkDenoiser(Recorder(), AV.both(schedule), AV.both(parameterization("eps")))
    begin = start(AV(noise, None), grid[0])
    own = ddpm(denoiser, begin, grid, cond=AV(None, None), generators=generators(seeds)).video
    torch.testing.assert_close(own, their, rtol=1e-9, atol=1e-9)

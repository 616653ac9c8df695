from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

from phonofilm.diffusion.schedule import BetaSchedule, RectifiedFlow, schedule_from_json
from phonofilm.errors import SettingError

BETAS = [
    BetaSchedule(),
    BetaSchedule(betas="scaled-linear", start=0.0015, end=0.0195),
    BetaSchedule(betas="cosine", steps=77),
    BetaSchedule(betas="scaled-linear", start=0.00085, end=0.012, zero_terminal_snr=True),
]
ALL = [*BETAS, RectifiedFlow(), RectifiedFlow(steps=700)]


def name(schedule):
    return "-".join(str(value) for value in schedule.to_json().values())


@pytest.mark.parametrize("schedule", BETAS, ids=name)
def test_alpha_and_sigma_are_those_of_diffusers(schedule):
    theirs = DDIMScheduler(
        num_train_timesteps=schedule.steps,
        beta_start=schedule.start,
        beta_end=schedule.end,
        beta_schedule={"linear": "linear", "scaled-linear": "scaled_linear", "cosine": "squaredcos_cap_v2"}[
            schedule.betas
        ],
        rescale_betas_zero_snr=schedule.zero_terminal_snr,
    ).alphas_cumprod.double()
    s = schedule.fraction(torch.arange(schedule.steps, dtype=torch.float64))
    alpha, sigma = schedule.alpha_sigma(s)
    torch.testing.assert_close(alpha.square(), theirs, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(sigma.square(), 1 - theirs, rtol=1e-4, atol=1e-7)


def test_shift_is_that_of_diffusers():
    from phonofilm.diffusion.grid import shifted

    theirs = FlowMatchEulerDiscreteScheduler(shift=3.0).sigmas.tolist()
    evenly = [t / 1000 for t in range(1000, 0, -1)]
    assert shifted(evenly, 3.0) == pytest.approx(theirs, rel=1e-6)


def test_linear_betas_by_hand():
    schedule = BetaSchedule(steps=2, start=0.1, end=0.2)
    kept = torch.tensor([0.9, 0.9 * 0.8], dtype=torch.float64)
    alpha, _ = schedule.alpha_sigma(schedule.fraction(torch.tensor([0.0, 1.0], dtype=torch.float64)))
    torch.testing.assert_close(alpha, kept.sqrt())


@pytest.mark.parametrize("schedule", ALL, ids=name)
def test_fraction_is_sigma_over_alpha_plus_sigma(schedule):
    s = torch.linspace(0, 1, 41, dtype=torch.float64).reshape(1, 41)
    alpha, sigma = schedule.alpha_sigma(s)
    torch.testing.assert_close(sigma / (alpha + sigma), s)
    assert alpha.isfinite().all() and sigma.isfinite().all()


@pytest.mark.parametrize("schedule", ALL, ids=name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_timestep_inverts_fraction_within_the_schedule(schedule, dtype):
    # Per-sample times beside a state of another shape, so that nothing may lean on broadcasting.
    t = torch.tensor([[0.0, 0.25, 13.5], [schedule.steps - 1, schedule.steps - 1.75, 40]], dtype=dtype)
    found = schedule.timestep(schedule.fraction(t))
    assert found.dtype == dtype
    torch.testing.assert_close(found, t, rtol=1e-9 if dtype == torch.float64 else 1e-5, atol=1e-2)
    assert (schedule.fraction(t).diff() * t.diff() > 0).all()


@pytest.mark.parametrize("schedule", BETAS, ids=name)
def test_timesteps_end_where_the_network_ends(schedule):
    s = torch.tensor([0.0, 1e-6, schedule.last, 1.0], dtype=torch.float64)
    assert schedule.timestep(s).tolist() == pytest.approx([0, 0, schedule.steps - 1, schedule.steps - 1])


def test_zero_terminal_snr_is_pure_noise_exactly():
    schedule = BetaSchedule(zero_terminal_snr=True)
    assert schedule.last == 1.0
    alpha, sigma = schedule.alpha_sigma(schedule.fraction(torch.tensor(999.0)))
    assert alpha == 0 and sigma == 1
    assert BetaSchedule().last < 0.9938
    # The first level stays where it was (algorithm 1 of arXiv 2305.08891).
    first = torch.tensor(0.0, dtype=torch.float64)
    torch.testing.assert_close(schedule.fraction(first), BetaSchedule().fraction(first))


@pytest.mark.parametrize("schedule", BETAS, ids=name)
def test_clock_counts_timesteps_from_one_and_zero_is_clean(schedule):
    assert schedule.at(0.0) == 0.0
    assert schedule.at(1.0) == schedule.last
    for number in (1, 7, 30):
        t = torch.tensor(number - 1.0, dtype=torch.float64)
        assert schedule.at(number / schedule.steps + 0.4 / schedule.steps) == pytest.approx(float(schedule.fraction(t)))


def test_flow_has_a_clock_without_steps():
    assert RectifiedFlow().at(1 / math.pi) == 1 / math.pi
    assert RectifiedFlow().timestep(torch.tensor([0.25])).tolist() == [250.0]


def test_half_precision_does_not_lose_levels():
    s = BetaSchedule().fraction(torch.tensor([998.0, 999.0], dtype=torch.float16))
    assert s[0] < s[1]


@pytest.mark.parametrize("schedule", ALL, ids=name)
def test_json_round_trip(schedule):
    row = schedule.to_json()
    assert schedule_from_json(row) == schedule
    assert schedule_from_json({**row, "steps": 500}) != schedule


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "beta"}, "did you mean 'betas'"),
        ({}, "unknown noise schedule"),
        ({"kind": "betas", "begin": 1}, "unknown field"),
        ({"kind": "betas", "betas": "cosin"}, "did you mean 'cosine'"),
        ({"kind": "betas", "start": 0.0}, "betas lie in"),
        ({"kind": "betas", "start": 0.5, "end": 0.1}, "betas lie in"),
        ({"kind": "betas", "steps": 1, "zero_terminal_snr": True}, "at least 2"),
        ({"kind": "rectified-flow", "steps": 0}, "at least 1 step"),
    ],
)
def test_bad_settings_are_named(row, message):
    with pytest.raises(SettingError, match=message):
        schedule_from_json(row)


def test_a_table_made_while_generating_serves_training():
    schedule = BetaSchedule(steps=321)
    with torch.inference_mode():
        schedule.timestep(torch.tensor([0.3]))
    weight = torch.ones(1, requires_grad=True)
    (weight * schedule.timestep(torch.tensor([0.3]))).sum().backward()
    assert float(weight.grad) == pytest.approx(float(schedule.timestep(torch.tensor(0.3))))

from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion.parameterization import EPS, VELOCITY, X0, NetworkDenoiser, V, parameterization
from phonofilm.diffusion.schedule import BetaSchedule, RectifiedFlow
from phonofilm.errors import SettingError
from phonofilm.pair import AV

KINDS = [EPS, V, X0, VELOCITY]
SIZE = (2, 3, 5, 7, 11)


@pytest.fixture
def sides():
    return torch.randn(SIZE, dtype=torch.float64), torch.randn(SIZE, dtype=torch.float64)


def noised(clean, noise, s):
    s = s.reshape(2, 1, 1, 1, 1)
    return (1 - s) * clean + s * noise


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("s", [(0.0, 0.37), (0.999, 0.5)])
def test_the_target_leads_back_to_clean(kind, s, sides):
    clean, noise = sides
    s = torch.tensor(s, dtype=torch.float64)
    found = kind.to_clean(kind.target(clean, noise, s), noised(clean, noise, s), s)
    torch.testing.assert_close(found, clean, rtol=1e-9, atol=1e-9)


def test_targets_are_the_textbooks(sides):
    clean, noise = sides
    s = torch.tensor([0.5, 0.75], dtype=torch.float64)
    assert torch.equal(EPS.target(clean, noise, s), noise)
    assert torch.equal(X0.target(clean, noise, s), clean)
    torch.testing.assert_close(VELOCITY.target(clean, noise, s), noise - clean)
    # s = 1/2 is alpha = sigma = sqrt(1/2); s = 3/4 is (alpha, sigma) = (1, 3) / sqrt(10).
    expected = torch.stack([(noise[0] - clean[0]) / 2**0.5, (noise[1] - 3 * clean[1]) / 10**0.5])
    torch.testing.assert_close(V.target(clean, noise, s), expected)


@pytest.mark.parametrize("kind", [V, X0, VELOCITY], ids=lambda kind: kind.name)
def test_pure_noise_is_no_obstacle(kind, sides):
    clean, noise = sides
    s = torch.ones(2, dtype=torch.float64)
    torch.testing.assert_close(kind.to_clean(kind.target(clean, noise, s), noise, s), clean)


def test_noise_predicted_from_pure_noise_is_an_error(sides):
    with pytest.raises(SettingError, match="cannot start from pure noise"):
        EPS.to_clean(*sides, torch.tensor([0.5, 1.0], dtype=torch.float64))


def test_levels_of_the_wrong_shape_are_caught_by_machine(sides):
    with pytest.raises(Exception, match="Type-check error"):
        EPS.to_clean(*sides, torch.rand(3, dtype=torch.float64))


def test_names():
    assert [parameterization(kind.name) for kind in KINDS] == KINDS
    with pytest.raises(SettingError, match="did you mean 'eps'"):
        parameterization("epsilon")


class Network:
    """Depends on everything that it is given; counts what it does."""

    def __init__(self):
        self.calls, self.shared_calls = [], []

    def shared(self, x, t, previous):
        self.shared_calls.append((x, t, previous))
        mean = x.swap().map(lambda other: other.flatten(1).mean(dim=1))
        before = AV.both(0.0) if previous is None else previous.swap().map(lambda y: y.flatten(1).mean(dim=1))
        return mean.map(lambda m, b: m + b, before)

    def __call__(self, x, t, cond, shared):
        self.calls.append((x, t, cond))

        def side(x, t, cond, shared):
            return torch.sin(x) + (t / 500 + cond.flatten(1).mean(dim=1) + shared).reshape(-1, *(1,) * (x.ndim - 1))

        return x.map(side, t, cond, shared)


@pytest.fixture
def noisy():
    return AV(torch.randn(SIZE), torch.randn(2, 3, 13, 5))


@pytest.fixture
def s():
    return AV(torch.tensor([0.3, 0.6]), torch.tensor([0.9, 0.2]))


def conditioning():
    return AV(torch.randn(2, 7, 5), torch.randn(2, 5))


def denoiser(network=None):
    return NetworkDenoiser(network or Network(), AV(RectifiedFlow(), BetaSchedule()), AV(VELOCITY, V))


def test_network_is_shown_its_own_scale_and_timesteps(noisy, s):
    network = Network()
    denoiser(network)(noisy, s, conditioning(), None)
    ((x, t, _),) = network.calls
    assert torch.equal(x.video, noisy.video)
    assert t.video.tolist() == pytest.approx([300, 600])
    level = s.audio.reshape(2, 1, 1, 1)
    torch.testing.assert_close(x.audio, noisy.audio / torch.sqrt((1 - level) ** 2 + level**2))
    torch.testing.assert_close(t.audio, BetaSchedule().timestep(s.audio))


def test_each_equals_one_by_one_and_shares_once(noisy, s):
    network, previous = Network(), noisy.map(torch.randn_like)
    conds = [conditioning() for _ in range(3)]
    together = denoiser(network).each(noisy, s, conds, previous)
    assert len(network.shared_calls) == len(network.calls) == 1
    assert len(network.shared_calls[0][0].video) == 2
    assert len(network.calls[0][0].video) == 6
    for cond, found in zip(conds, together, strict=True):
        alone = denoiser()(noisy, s, cond, previous)
        for own, other in zip(found, alone, strict=True):
            torch.testing.assert_close(own, other)
    assert not torch.allclose(together[0].video, together[1].video)


def test_predict_is_what_the_network_said(noisy, s):
    cond, wrapped = conditioning(), denoiser()
    prediction = wrapped.predict(noisy, s, cond, None)
    clean = wrapped(noisy, s, cond, None)
    torch.testing.assert_close(VELOCITY.to_clean(prediction.video, noisy.video, s.video), clean.video)
    torch.testing.assert_close(V.to_clean(prediction.audio, noisy.audio, s.audio), clean.audio)


def test_an_absent_modality_stays_absent(s):
    class VideoOnly(Network):
        def shared(self, x, t, previous):
            return AV(None, None)

        def __call__(self, x, t, cond, shared):
            return x.map(torch.sin)

    clean = denoiser(VideoOnly())(AV(torch.randn(SIZE), None), AV(s.video, None), AV(torch.randn(2, 7, 5), None), None)
    assert clean.audio is None and clean.video.shape == SIZE


def test_noise_beyond_the_last_timestep_is_taken_for_it(noisy):
    """So a network that never saw pure noise can ignore a modality, or start from it, in any parameterization."""
    network = Network()
    wrapped = NetworkDenoiser(network, AV.both(BetaSchedule()), AV.both(EPS))
    clean = wrapped(noisy, AV.both(torch.ones(2)), conditioning(), None)
    assert network.calls[0][1].video.tolist() == pytest.approx([999, 999], abs=0.01)
    assert clean.video.isfinite().all()


def test_a_held_modality_estimates_itself(noisy):
    wrapped = NetworkDenoiser(Network(), AV.both(BetaSchedule()), AV(EPS, V))
    clean = wrapped(noisy, AV.both(torch.zeros(2)), conditioning(), None)
    assert torch.equal(clean.video, noisy.video) and torch.equal(clean.audio, noisy.audio)


def test_half_precision_latents_keep_half_precision_inputs(noisy, s):
    network = Network()
    denoiser(network)(noisy.map(torch.Tensor.bfloat16), s, conditioning(), None)
    assert network.calls[0][0].video.dtype == network.calls[0][0].audio.dtype == torch.bfloat16

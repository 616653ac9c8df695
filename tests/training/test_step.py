"""The step's mathematics on a closed-form network."""

import torch
from torch import Tensor, nn

from phonofilm.diffusion.parameterization import VELOCITY, NetworkDenoiser
from phonofilm.diffusion.schedule import RectifiedFlow
from phonofilm.pair import AV
from phonofilm.training.config import NoiseLevels
from phonofilm.training.step import Noised, add_noise, losses, own_estimate, targets

CLEAN = AV(torch.randn(7, 2, 3, 5, generator=torch.Generator().manual_seed(0)), torch.randn(7, 11))


class Constant(nn.Module):
    """Predicts a constant velocity, and shows what it was given."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value, self.previous = value, None

    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None) -> AV[Tensor | None]:
        self.previous = previous
        return AV(None, None)

    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor | None]) -> AV[Tensor]:
        return x.map(lambda side: torch.full_like(side, self.value))


def denoiser(value: float = 0.0) -> NetworkDenoiser:
    return NetworkDenoiser(Constant(value), AV.both(RectifiedFlow()), AV.both(VELOCITY))


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_states_lie_on_the_line_between_clean_and_noise_at_independent_levels() -> None:
    batch = add_noise(CLEAN, NoiseLevels(), generator())
    for clean, noise, state, s in zip(batch.clean, batch.noise, batch.state, batch.s, strict=True):
        wide = s.reshape(-1, *(1,) * (clean.ndim - 1))
        torch.testing.assert_close(state, (1 - wide) * clean + wide * noise)
    many = add_noise(AV.both(torch.zeros(4000, 1)), NoiseLevels(), generator())
    levels = torch.stack([many.s.video, many.s.audio])
    assert abs(torch.corrcoef(levels)[0, 1]) < 0.06
    assert levels.min() > 0 and levels.max() < 1


def test_the_share_of_uniform_levels_fills_the_ends() -> None:
    narrow = add_noise(AV(torch.zeros(4000, 1), None), NoiseLevels(std=0.1, uniform=0.0), generator())
    mixed = add_noise(AV(torch.zeros(4000, 1), None), NoiseLevels(std=0.1, uniform=0.2), generator())
    assert (narrow.s.video > 0.9).sum() == 0
    assert 0.01 < (mixed.s.video > 0.9).float().mean() < 0.03


def test_loss_is_the_closed_form_and_a_perfect_prediction_has_none() -> None:
    batch = add_noise(CLEAN, NoiseLevels(), generator())
    loss = losses(denoiser(0.3), batch, AV(None, None), None)
    wanted = targets(denoiser(), batch)
    torch.testing.assert_close(loss.video, ((wanted.video - 0.3) ** 2).flatten(1).mean(1))
    torch.testing.assert_close(loss.audio, ((wanted.audio - 0.3) ** 2).flatten(1).mean(1))
    torch.testing.assert_close(wanted.video, batch.noise.video - batch.clean.video)
    same = Noised(batch.clean, batch.clean.map(lambda x: x + 0.3), batch.state, batch.s)
    assert float(losses(denoiser(0.3), same, AV(None, None), None).video.max()) < 1e-12


def test_a_missing_modality_is_left_out_everywhere() -> None:
    batch = add_noise(AV(None, CLEAN.audio), NoiseLevels(), generator())
    loss = losses(denoiser(), batch, AV(None, None), None)
    assert batch.s.video is None and loss.video is None and loss.audio.shape == (7,)


def test_own_estimates_reach_a_share_of_samples_independently_per_modality() -> None:
    network = denoiser(0.0)  # velocity 0: the clean estimate is the state
    big = CLEAN.map(lambda x: x[:1].expand(400, *x.shape[1:]).contiguous())
    batch = add_noise(big, NoiseLevels(), generator())
    previous = own_estimate(network, batch, AV(None, None), 0.5, generator(4))
    given = previous.map(lambda x: x.flatten(1).abs().sum(1) > 0)
    assert abs(float(given.video.float().mean()) - 0.5) < 0.1
    both = (given.video & given.audio).float().mean()
    assert abs(float(both) - 0.25) < 0.08
    torch.testing.assert_close(previous.video[given.video], batch.state.video[given.video])
    assert own_estimate(network, batch, AV(None, None), 0.0, generator()) is None

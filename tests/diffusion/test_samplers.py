"""What the closed form does not see: progress, self-conditioning, repeated rows, types, names."""

from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.noise import draw, draw_like, generators
from phonofilm.diffusion.samplers import SAMPLERS, ddpm, dpmpp_2m, euler, heun, sampler
from phonofilm.errors import SettingError
from phonofilm.pair import AV

GRID = StepGrid(AV((1.0, 0.6, 0.6, 0.2, 0.2), (1.0, 0.8, 0.8, 0.8, 0.1)))
NO_COND = AV(None, None)


class Shrinking:
    """A nonlinear denoiser that keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, noisy, s, cond, previous):
        self.asked.append((s, previous))
        mean = noisy.swap().map(lambda other: other.flatten(1).mean(dim=1))
        return noisy.map(lambda x, m: torch.tanh(x) * 0.5 + m.reshape(-1, *(1,) * (x.ndim - 1)), mean)


def begin(dtype=torch.float32):
    return AV(torch.randn(2, 3, 5, 7, 11, dtype=dtype), torch.randn(2, 3, 13, 5, dtype=dtype))


FUNCTIONS = dict.fromkeys(method.run for method in SAMPLERS.values())
every = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)


@every
def test_progress_counts_every_row(function):
    seen = []
    function(
        Shrinking(),
        begin(),
        GRID,
        cond=NO_COND,
        generators=generators((0, 1)),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@every
def test_a_row_that_repeats_changes_nothing(function):
    start = begin()
    repeated = StepGrid(AV((1.0, 1.0, 0.6, 0.6, 0.2), (0.9, 0.9, 0.5, 0.5, 0.1)))
    plain = StepGrid(AV((1.0, 0.6, 0.2), (0.9, 0.5, 0.1)))
    ends = [
        function(Shrinking(), start, grid, cond=NO_COND, generators=generators((0, 1))) for grid in (repeated, plain)
    ]
    assert torch.equal(ends[0].video, ends[1].video) and torch.equal(ends[0].audio, ends[1].audio)


@every
def test_each_estimate_is_handed_to_the_next(function):
    denoise = Shrinking()
    function(denoise, begin(), GRID, cond=NO_COND, generators=generators((0, 1)))
    previous = [previous for _, previous in denoise.asked]
    assert previous[0] is None
    assert all(estimate is not None for estimate in previous[1:])
    assert not torch.equal(previous[1].video, previous[2].video)


@every
def test_levels_are_per_sample_and_per_modality(function):
    denoise = Shrinking()
    function(denoise, begin(), GRID, cond=NO_COND, generators=generators((0, 1)))
    first, second = denoise.asked[0][0], denoise.asked[1][0]
    assert first.video.tolist() == first.audio.tolist() == [1.0, 1.0]
    assert second.video.tolist() == pytest.approx([0.6, 0.6]) and second.audio.tolist() == pytest.approx([0.8, 0.8])


@every
def test_start_is_not_edited(function):
    start = begin()
    before = start.map(torch.clone)
    function(Shrinking(), start, GRID, cond=NO_COND, generators=generators((0, 1)))
    assert torch.equal(start.video, before.video) and torch.equal(start.audio, before.audio)


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_state_keeps_its_type_and_levels_are_never_half_precision(function, dtype):
    denoise = Shrinking()
    end = function(denoise, begin(dtype), GRID, cond=NO_COND, generators=generators((0, 1)))
    assert end.video.dtype == end.audio.dtype == dtype
    expected = torch.float32 if dtype == torch.bfloat16 else dtype
    assert all(s.video.dtype == expected for s, _ in denoise.asked)


@every
def test_one_modality_alone(function):
    def denoise(noisy, s, cond, previous):
        return noisy.map(torch.tanh)

    grid = StepGrid(AV(None, (1.0, 0.5, 0.0)))
    end = function(denoise, AV(None, torch.randn(2, 3, 13, 5)), grid, cond=NO_COND, generators=generators((0, 1)))
    assert end.video is None and end.audio.isfinite().all()


def test_evaluations_per_step():
    grid = StepGrid(AV.both((1.0, 0.75, 0.5, 0.25, 0.0)))
    for function, evaluations in {euler: 4, ddpm: 4, heun: 7, dpmpp_2m: 4}.items():
        denoise = Shrinking()
        function(denoise, begin(), grid, cond=NO_COND, generators=generators((0, 1)))
        assert len(denoise.asked) == evaluations, function.__name__


def test_ancestral_sampler_needs_a_generator_per_sample():
    with pytest.raises(SettingError, match="2 samples need 2 random generators"):
        ddpm(Shrinking(), begin(), GRID, cond=NO_COND, generators=generators((0,)))


def test_names():
    assert sampler("ddim") is sampler("euler") is euler
    with pytest.raises(SettingError, match="did you mean 'heun'"):
        sampler("huen")


def test_noise_of_a_seed_does_not_depend_on_its_neighbours():
    size = AV((3, 5, 7, 11), (3, 13, 5))
    together, alone = draw(size, generators((8, 9))), draw(size, generators((9,)))
    assert torch.equal(together.video[1], alone.video[0]) and torch.equal(together.audio[1], alone.audio[0])
    assert not torch.equal(together.video[0], together.video[1])
    assert float(together.video.std()) == pytest.approx(1, abs=0.05)
    other = draw(size, generators((10,)))
    assert not torch.equal(other.audio, alone.audio)


def test_noise_like_takes_type_and_size():
    noise = draw_like(begin(torch.float64), generators((1, 2)))
    assert noise.video.shape == (2, 3, 5, 7, 11) and noise.audio.dtype == torch.float64

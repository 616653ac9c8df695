from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion.grid import StepGrid
from phonofilm.diffusion.masks import Inpainted, Known, paste, start
from phonofilm.diffusion.noise import generators
from phonofilm.diffusion.samplers import ddpm, euler
from phonofilm.errors import SettingError
from phonofilm.pair import AV


@pytest.fixture
def pair():
    return AV(torch.randn(2, 3, 5, 7, 11), torch.randn(2, 3, 13, 5))


def first_frames(count):
    """Continuation: the first frames are known."""
    return (torch.arange(5) < count).reshape(5, 1, 1)


def wrong(noisy, s, cond, previous):
    """A denoiser that has no idea."""
    return noisy.map(lambda x: torch.full_like(x, 9.0))


def test_start_of_a_held_modality_is_the_given_one_bit_for_bit(pair):
    noise = pair.map(torch.randn_like)
    state = start(noise, AV(1.0, 0.0), AV(None, Known.whole(pair.audio)))
    assert torch.equal(state.video, noise.video)
    assert torch.equal(state.audio, pair.audio)


def test_start_below_pure_noise_has_the_spread_of_unit_latents(pair):
    noise = AV(torch.randn(2, 3, 50, 70, 11), None)
    state = start(noise, AV(0.75, None))
    assert float(state.video.std()) == pytest.approx((0.25**2 + 0.75**2) ** 0.5, rel=0.01)


def test_known_region_is_noised_to_the_level(pair):
    noise, mask = pair.map(torch.randn_like), first_frames(2)
    state = start(noise, AV(0.5, 1.0), AV(Known(pair.video, mask), None))
    torch.testing.assert_close(state.video[:, :, :2], (pair.video + noise.video)[:, :, :2] / 2)
    torch.testing.assert_close(state.video[:, :, 2:], noise.video[:, :, 2:] * 0.5**0.5)


@pytest.mark.parametrize("function", [euler, ddpm])
def test_known_region_follows_its_exact_path_and_ends_as_given(function, pair):
    """The network sees the given frames as training noised them: on the line between them and their noise."""
    known, seen = AV(Known(pair.video, first_frames(2)), None), []
    noise = pair.map(torch.randn_like)

    def watching(noisy, s, cond, previous):
        seen.append((float(s.video[0]), noisy.video[:, :, :2]))
        return wrong(noisy, s, cond, previous)

    grid = StepGrid(AV.both((1.0, 0.7, 0.4, 0.0)))
    end = function(
        Inpainted(watching, known),
        start(noise, grid[0], known),
        grid,
        cond=AV(None, None),
        generators=generators((0, 1)),
    )
    torch.testing.assert_close(end.video[:, :, :2], pair.video[:, :, :2])
    assert (end.video[:, :, 2:] == 9).all() and (end.audio == 9).all()
    for s, state in seen:
        spread = (state - (1 - s) * pair.video[:, :, :2]) / s
        assert float(spread.std()) == pytest.approx(1, abs=0.15)
        if function is euler:
            torch.testing.assert_close(spread, noise.video[:, :, :2], rtol=1e-4, atol=1e-4)


def test_self_conditioning_sees_the_truth(pair):
    previous_seen = []

    def watching(noisy, s, cond, previous):
        previous_seen.append(previous)
        return wrong(noisy, s, cond, previous)

    known = AV(Known(pair.video, first_frames(3)), None)
    grid = StepGrid(AV.both((1.0, 0.5, 0.0)))
    euler(Inpainted(watching, known), pair, grid, cond=AV(None, None))
    assert torch.equal(previous_seen[1].video[:, :, :3], pair.video[:, :, :3])


def test_paste_is_bit_identical_and_leaves_the_rest(pair):
    other = pair.map(torch.randn_like)
    pasted = paste(other, AV(Known(pair.video, first_frames(4)), None))
    assert torch.equal(pasted.video[:, :, :4], pair.video[:, :, :4])
    assert torch.equal(pasted.video[:, :, 4:], other.video[:, :, 4:])
    assert torch.equal(pasted.audio, other.audio)


@pytest.mark.parametrize(
    "mask",
    [
        torch.ones(4, 1, 1, dtype=torch.bool),
        torch.ones(1, 1, 1, 1, 1, 1, dtype=torch.bool),
        torch.ones(5, 1, 1),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask, pair):
    with pytest.raises(SettingError, match="a mask of what is known is bool"):
        Known(pair.video, mask)

from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion.guidance import Guided
from phonofilm.errors import SettingError
from phonofilm.pair import AV

NULL = AV(torch.zeros(2, 7, 5), torch.zeros(2, 5))
COND = AV(torch.ones(2, 7, 5), 2 * torch.ones(2, 5))


class Denoiser:
    """Adds its conditioning and a tenth of its last estimate to the state; keeps the sizes of its batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, noisy, s, cond, previous):
        self.batches.append(len(noisy.video))
        before = AV.both(0.0) if previous is None else previous

        def side(x, cond, before):
            return x + cond.flatten(1).mean(dim=1).reshape(-1, *(1,) * (x.ndim - 1)) + before / 10

        return noisy.map(side, cond, before)


class Sharing(Denoiser):
    """One that can evaluate several conditionings itself."""

    def each(self, noisy, s, conds, previous):
        return [self(noisy, s, cond, previous) for cond in conds]


def run(denoise, scale, s=(0.5, 0.5), interval=(0.0, 1.0), previous=None):
    noisy = AV(torch.zeros(2, 3, 5, 7, 11), torch.zeros(2, 3, 13, 5))
    guided = Guided(denoise, NULL, scale, interval)
    clean = guided(noisy, AV(torch.full((2,), s[0]), torch.full((2,), s[1])), COND, previous)
    return float(clean.video.mean()), float(clean.audio.mean())


def test_scales_act_on_their_own_modality():
    assert run(Denoiser(), AV(7.5, 2.5)) == pytest.approx((7.5, 5.0))


def test_both_halves_are_one_evaluation():
    denoise = Denoiser()
    run(denoise, AV(7.5, 2.5))
    assert denoise.batches == [4]


def test_a_denoiser_that_shares_is_asked_to():
    denoise = Sharing()
    assert run(denoise, AV(7.5, 2.5)) == pytest.approx((7.5, 5.0))
    assert denoise.batches == [2, 2]


def test_no_half_is_evaluated_in_vain():
    for scale, expected in ((AV(1.0, 1.0), (1, 2)), (AV(0.0, 0.0), (0, 0))):
        denoise = Denoiser()
        assert run(denoise, scale) == pytest.approx(expected)
        assert denoise.batches == [2]


def test_outside_the_interval_the_conditional_stands_alone():
    denoise = Denoiser()
    assert run(denoise, AV(7.5, 2.5), s=(0.9, 0.1), interval=(0.2, 0.8)) == pytest.approx((1, 2))
    assert denoise.batches == [2]


def test_each_modality_has_its_own_place_in_the_interval():
    assert run(Denoiser(), AV(7.5, 2.5), s=(0.9, 0.5), interval=(0.2, 0.8)) == pytest.approx((1, 5))
    assert run(Denoiser(), AV(7.5, 2.5), s=(0.2, 0.8), interval=(0.2, 0.8)) == pytest.approx((7.5, 5))


def test_previous_estimate_reaches_both_halves():
    previous = AV(torch.full((2, 3, 5, 7, 11), 10.0), torch.full((2, 3, 13, 5), 20.0))
    for denoise in (Denoiser(), Sharing()):
        assert run(denoise, AV(3.0, 0.5), previous=previous) == pytest.approx((3 + 1, 1 + 2))


@pytest.mark.parametrize("interval", [(0.8, 0.2), (-0.1, 1.0), (0.0, 1.5)])
def test_impossible_interval_is_refused(interval):
    with pytest.raises(SettingError, match="guidance interval"):
        Guided(Denoiser(), NULL, AV(1.0, 1.0), interval)

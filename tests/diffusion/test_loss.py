from __future__ import annotations

import pytest
import torch

from phonofilm.diffusion.loss import prediction_loss, sample_noise_fraction
from phonofilm.errors import SettingError
from phonofilm.pair import AV


def fixed(seed=0):
    return torch.Generator().manual_seed(seed)


def test_logit_normal_levels_have_their_law():
    s = sample_noise_fraction(20_000, mean=0.5, std=0.8, generator=fixed()).double()
    logits = torch.log(s / (1 - s))
    assert float(logits.mean()) == pytest.approx(0.5, abs=0.03)
    assert float(logits.std()) == pytest.approx(0.8, abs=0.03)
    # Not only its moments: the share below one standard deviation.
    assert float((logits < -0.3).double().mean()) == pytest.approx(0.1587, abs=0.015)


def test_uniform_levels_fill_the_open_interval():
    s = sample_noise_fraction(20_000, uniform=True, generator=fixed())
    assert 0 < float(s.min()) < 0.001 and 0.999 < float(s.max()) < 1
    assert float(s.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(s.var()) == pytest.approx(1 / 12, abs=0.003)


def test_levels_of_the_modalities_are_independent_and_reproducible():
    source = fixed()
    pairs = torch.stack([sample_noise_fraction(5000, generator=source) for _ in range(2)])
    assert abs(float(torch.corrcoef(pairs)[0, 1])) < 0.05
    assert torch.equal(sample_noise_fraction(5000, generator=fixed()), pairs[0])


def test_a_negative_spread_is_refused():
    with pytest.raises(SettingError, match="standard deviation"):
        sample_noise_fraction(3, std=-1.0)


@pytest.fixture
def sides():
    prediction = AV(torch.randn(2, 3, 5, 7, 11), torch.randn(2, 3, 13, 5))
    return prediction, prediction.map(torch.randn_like)


def test_loss_is_the_mean_square_of_each_sample(sides):
    prediction, target = sides
    loss = prediction_loss(prediction, target)
    expected = [
        sum((a - b) ** 2 for a, b in zip(x.tolist(), y.tolist(), strict=True)) / x.numel()
        for x, y in zip(prediction.audio.flatten(1), target.audio.flatten(1), strict=True)
    ]
    assert loss.audio.tolist() == pytest.approx(expected, rel=1e-4)
    assert loss.video.shape == (2,)


def test_weights_are_per_sample(sides):
    plain = prediction_loss(*sides)
    weighted = prediction_loss(*sides, weight=AV(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 0.5])))
    torch.testing.assert_close(weighted.video, plain.video * torch.tensor([0.0, 3.0]))
    torch.testing.assert_close(weighted.audio, plain.audio * torch.tensor([1.0, 0.5]))


def test_mask_takes_the_mean_over_what_counts(sides):
    prediction, target = sides
    frames = torch.zeros(2, 1, 5, 1, 1)
    frames[0, :, :2] = 1
    time = torch.ones(2, 1, 13, 1)
    loss = prediction_loss(prediction, target, mask=AV(frames, time))
    expected = (prediction.video - target.video)[0, :, :2].square().mean()
    torch.testing.assert_close(loss.video, torch.stack([expected, torch.zeros(())]))
    torch.testing.assert_close(loss.audio, prediction_loss(prediction, target).audio)


def test_half_precision_predictions_are_compared_in_single(sides):
    prediction, target = sides
    loss = prediction_loss(prediction.map(torch.Tensor.bfloat16), target)
    assert loss.video.dtype == torch.float32
    torch.testing.assert_close(loss.video, prediction_loss(prediction, target).video, rtol=0.02, atol=0.02)


def test_an_absent_modality_has_no_loss(sides):
    prediction, target = sides
    assert prediction_loss(AV(None, prediction.audio), AV(None, target.audio)).video is None

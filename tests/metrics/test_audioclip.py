"""AudioCLIP's audio head: golden numbers of the public code, the published layout, and MM-Diffusion's FAD."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phonofilm.metrics import Given, find, frechet
from phonofilm.metrics._features import audioclip
from tests.metrics.heard import film
from tests.metrics.tiny import audioclip as small

# AudioCLIP's own class (model/esresnet) at the size of the small network, with its weights, on what MM-Diffusion's
# loader makes of the film, by its length; ours differed by 4e-6 of the largest value at most.
GOLDEN = {
    2.0: [-184.648666, -176.846756, 102.573105, -13.769463, -305.828522],
    0.7: [-145.22818, -193.340576, 224.75499, 47.117249, -460.325928],
}


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=small.give(tmp_path, monkeypatch))


@pytest.mark.parametrize("seconds", GOLDEN)
def test_golden(seconds, given):
    found = audioclip.AudioClip(given)(film(seconds, 44_100))["features"]
    np.testing.assert_allclose(found, [GOLDEN[seconds]], atol=0.02)


def network():
    found = audioclip.Network(small.SMALL).eval().requires_grad_(False)
    found.load_state_dict(small.state())
    return found


def test_wavelets_without_bend_are_a_fourier_transform():
    """Oracle: with m = 0 the spline is 1 everywhere, and ``exp(-i k t)`` over 2,048 points from -pi to pi is left."""
    found = network()
    found.fbsp.m.zero_()
    found.fbsp.fb.fill_(1)
    found.fbsp.fc.copy_(torch.arange(audioclip.BINS))
    time = np.pi * np.linspace(-1, 1, 2048)
    expected = np.exp(-1j * np.outer(np.arange(audioclip.BINS), time)) / np.sqrt(2048)
    real, imag = found.fbsp.kernels.numpy()
    np.testing.assert_allclose(real + 1j * imag, expected, atol=2e-5)


def test_wavelets_are_the_papers_formula():
    """arXiv 2104.11587, equation of the complex frequency B-spline wavelet, in complex float64."""
    found = network()
    time = np.pi * np.linspace(-1, 1, 2048)
    for place in (256, 512, 1024):  # m is 0.5, 1 and 2
        m, fb, fc = (float(getattr(found.fbsp, name)[place]) for name in ("m", "fb", "fc"))
        spline = np.sinc(fb * time / m / np.pi).astype(complex) ** m
        expected = np.sqrt(fb) * spline * np.exp(-1j * fc * time) / np.sqrt(2048)
        real, imag = found.fbsp.kernels[:, place].numpy()
        np.testing.assert_allclose(real + 1j * imag, expected, atol=1e-5)


def test_quiet_sound_is_silence():
    """In float32 nothing below 1 / 512 is left beside 32768."""
    found = network()
    quiet = torch.full((1, 3000), 0.0019)
    assert torch.equal(found.pictures(quiet), found.pictures(torch.zeros(1, 3000)))
    assert not torch.equal(found.pictures(2 * quiet), found.pictures(torch.zeros(1, 3000)))


def test_no_power_at_all_is_180_decibels_down():
    found = network()
    found.fbsp.fb.zero_()  # wavelets without height
    assert float(found.pictures(torch.ones(1, 3000)).unique()) == -180


@pytest.mark.parametrize(("samples", "frames"), [(70_560, 124), (1654, 1), (1655, 2), (2215, 2), (2216, 3), (9, 1)])
def test_frames_cover_the_sound(samples, frames):
    assert network().pictures(torch.zeros(1, samples)).shape == (1, 3, 341, frames)


def test_the_layout_is_the_published_one():
    """Names and shapes of AndreyGuzhov/AudioCLIP's ``audio.*``, in which are 32,104,771 weights and a window."""
    with torch.device("meta"):
        made = audioclip.Network(audioclip.PUBLISHED)
    shapes = {name: tuple(value.shape) for name, value in made.state_dict().items()}
    assert shapes["window"] == (1654,)
    assert shapes["fbsp.m"] == shapes["fbsp.fb"] == shapes["fbsp.fc"] == (1025,)
    assert shapes["fbsp.bias"] == (0,)
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["layer1.0.conv2.weight"] == (128, 4, 3, 3)
    assert shapes["layer4.0.downsample.0.weight"] == (2048, 1024, 1, 1)
    assert shapes["att2.conv_depth.weight"] == (256, 1, 1, 5)
    assert shapes["att5.conv_depth.weight"] == (2048, 1, 3, 5)
    assert shapes["fc.weight"] == (1024, 2048)
    assert (len(shapes), sum(value.numel() for value in made.parameters())) == (370, 32_104_771)


def test_fad_is_ten_thousand_times_frechets_distance_of_raw_vectors(given):
    metric, listen = find("fad-audioclip", given), audioclip.AudioClip(given)
    clips = [film(0.5, 44_100, 200 + 150 * place) for place in range(5)]
    vectors = np.concatenate([listen(one)["features"] for one in clips])
    own = [metric.measure(one) for one in clips]
    score = metric.scores(own[:3], own[2:], 0)[0]
    assert score.value == pytest.approx(10_000 * frechet(vectors[:3], vectors[2:]))
    assert (score.name, score.unit) == ("fad-audioclip", "x 10,000")
    assert score.resampler == "first channel, soxr HQ to 44100 Hz, first 1.6 s, silence up to 1.6 s"

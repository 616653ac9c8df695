"""Both variational codecs: shapes, what a latent depends on, unit variance, sizes they refuse."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from phonofilm.codecs import audio_vae, video_vae
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.autoencoder import Autoencoder, AutoencoderConfig
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.errors import SettingError
from phonofilm.shapes import ClipShape
from tests.codecs.small import random_codec

SHAPE = ClipShape(Fraction(5, 8), Fraction(8), 56, 88, 16_000)


def pictures(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_latents_have_the_declared_shape() -> None:
    codec = random_codec()
    shapes = codec.latent_shape(SHAPE)
    assert shapes.video == (4, 5, 7, 11)
    assert shapes.audio == (8, 16, 16)  # 10,000 samples are 15.6 rows of 640
    video = codec.video.encode(pictures(2, 3, 5, 56, 88))
    audio = codec.audio.encode(0.1 * pictures(2, SHAPE.samples))
    assert (tuple(video.shape[1:]), tuple(audio.shape[1:])) == (shapes.video, shapes.audio)
    assert codec.video.decode(video).shape == (2, 3, 5, 56, 88)
    assert codec.audio.decode(audio, SHAPE.samples).shape == (2, SHAPE.samples)


def test_two_seconds_of_the_tiny_model() -> None:
    shape = ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000)
    assert VideoVae(video_vae.TINY).latent_shape(shape) == (4, 16, 8, 8)
    assert AudioVae(audio_vae.TINY).latent_shape(shape) == (8, 50, 16)


def test_published_sizes_have_the_published_shapes() -> None:
    shape = ClipShape(Fraction(4), Fraction(8), 256, 256, 16_000)
    with torch.device("meta"):
        video, audio = VideoVae(video_vae.PAPER), AudioVae(audio_vae.PAPER)
    assert video.latent_shape(shape) == (4, 32, 32, 32)
    assert audio.latent_shape(shape) == (8, 100, 16)
    assert sum(p.numel() for p in video.autoencoder.network.parameters()) == 83_653_863  # Stable Diffusion 1.5


def test_each_frame_is_encoded_on_its_own() -> None:
    codec = random_codec()
    frames = pictures(2, 3, 5, 16, 24)
    whole = codec.video.encode(frames)
    torch.testing.assert_close(codec.video.encode(frames[1:, :, 3:4]), whole[1:, :, 3:4], rtol=1e-4, atol=1e-5)
    decoded = codec.video.decode(whole)[1:, :, 3:4]
    torch.testing.assert_close(codec.video.decode(whole[1:, :, 3:4]), decoded, rtol=1e-4, atol=1e-5)


def test_a_long_clip_is_worked_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = random_codec()
    frames = pictures(2, 3, 7, 8, 8)
    whole = codec.video.encode(frames)
    monkeypatch.setattr(video_vae, "FRAMES_AT_ONCE", 5)
    torch.testing.assert_close(codec.video.encode(frames), whole, rtol=1e-4, atol=1e-5)


def test_standardised_latents_have_unit_variance_and_decode_as_before() -> None:
    torch.manual_seed(0)
    network = Autoencoder(AutoencoderConfig(channels=3, latent_channels=5, patch=1, widths=(4, 8), groups=2)).eval()
    images = pictures(7, 3, 22, 26)
    with torch.no_grad():
        before = network.decode(network.encode(images))
        network.standardise(network.moments(images)[0])
        latents = network.encode(images)
        torch.testing.assert_close(latents.mean((0, 2, 3)), torch.zeros(5), atol=1e-4, rtol=0)
        torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(5), atol=1e-3, rtol=0)
        assert not torch.equal(network.std, torch.ones(5))
        torch.testing.assert_close(network.decode(latents), before, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("height", "width"), [(60, 64), (64, 60)])
def test_sizes_that_do_not_divide_are_refused(height: int, width: int) -> None:
    codec = random_codec()
    with pytest.raises(SettingError, match=f"{width}x{height} .* multiples of 8"):
        codec.video.latent_shape(ClipShape(Fraction(1), Fraction(8), height, width, 16_000))
    with pytest.raises(SettingError, match="multiples of 8"):
        codec.video.encode(pictures(1, 3, 1, height, width))


def test_too_short_a_sound_is_filled_up_to_one_row_only() -> None:
    assert random_codec().audio.encode(torch.zeros(1, 600)).shape == (1, 8, 1, 16)

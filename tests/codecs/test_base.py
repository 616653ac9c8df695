"""Codec record and the identity codec: layouts, shapes, bad input."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from phonofilm.codecs import Codec
from phonofilm.codecs.base import frames_to_tensor, tensor_to_frames
from phonofilm.codecs.identity import Pictures, Sound, SoundConfig
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.pair import AV

RATE = 16_000


def clip(seed: int = 0, *, seconds: Fraction = Fraction(5, 8), rate: int = RATE, channels: int = 1) -> Clip:
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (int(seconds * 8), 7, 11, 3), dtype=np.uint8)
    audio = random.uniform(-1, 1, (channels, int(seconds * rate))).astype(np.float32)
    return Clip(frames, audio, Fraction(8), rate)


@pytest.fixture
def identity() -> Codec:
    return Codec(Pictures(), Sound(SoundConfig(block=13)))


def test_identity_gives_the_clips_back_bit_for_bit(identity: Codec) -> None:
    clips = [clip(1), clip(2)]
    latents = identity.encode(clips)
    assert latents.map(lambda x: tuple(x.shape)) == AV((2, 3, 5, 7, 11), (2, 1, 770, 13))
    assert latents.map(lambda x: tuple(x.shape[1:])) == identity.latent_shape(clips[0].shape)
    for before, after in zip(clips, identity.decode(latents, clips[0].shape), strict=True):
        np.testing.assert_array_equal(after.frames, before.frames)
        np.testing.assert_array_equal(after.audio, before.audio)
        assert after.shape == before.shape


def test_every_pixel_value_survives_the_tensor() -> None:
    frames = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    tensor = frames_to_tensor(frames)
    assert tensor.shape == (3, 1, 16, 16)
    assert (tensor.min(), tensor.max()) == (-1, 1)
    np.testing.assert_array_equal(tensor_to_frames(tensor[None])[0], frames)


def test_values_beyond_the_range_are_clipped_not_wrapped(identity: Codec) -> None:
    shape = clip().shape
    latents = identity.encode([clip()]).map(lambda x: 3 * x)
    (decoded,) = identity.decode(latents, shape)
    assert decoded.audio is not None
    assert np.abs(decoded.audio).max() == 1
    assert decoded.frames is not None
    assert decoded.frames[frames_beyond(latents.video)].min() == 255


def frames_beyond(video: torch.Tensor) -> np.ndarray:
    return (video[0] > 1).permute(1, 2, 3, 0).numpy()


def test_one_side_alone_decodes_to_one_side_alone(identity: Codec) -> None:
    latents = identity.encode([clip()])
    (silent,) = identity.decode(AV(latents.video, None), clip().shape)
    assert silent.audio is None
    np.testing.assert_array_equal(silent.frames, clip().frames)
    (blind,) = identity.decode(AV(None, latents.audio), clip().shape)
    assert blind.frames is None


def test_wrong_sample_rate_says_so(identity: Codec) -> None:
    with pytest.raises(SettingError, match="takes sound at 16000 Hz, got 8000 Hz: resample"):
        identity.encode([clip(rate=8000)])


def test_two_channels_are_refused(identity: Codec) -> None:
    with pytest.raises(SettingError, match="one audio channel, got 2"):
        identity.encode([clip(channels=2)])


def test_clips_of_two_shapes_are_refused(identity: Codec) -> None:
    with pytest.raises(SettingError, match="one shape"):
        identity.encode([clip(), clip(seconds=Fraction(7, 8))])


def test_a_silent_film_is_refused(identity: Codec) -> None:
    with pytest.raises(MediaError, match="no sound"):
        identity.encode([Clip(clip().frames, None, Fraction(8), RATE)])


def test_latents_of_another_length_are_refused(identity: Codec) -> None:
    latents = identity.encode([clip(seconds=Fraction(7, 8))])
    with pytest.raises(SettingError, match="made from"):
        identity.decode(latents, clip().shape)


def test_clips_go_where_the_weights_of_each_part_are(identity: Codec) -> None:
    elsewhere = torch.device("meta")  # a second device that every machine has
    identity.video.encoder.register_parameter("weight", torch.nn.Parameter(torch.zeros(1, device=elsewhere)))
    assert identity.encode([clip()]).map(lambda x: x.device.type) == AV("meta", "cpu")

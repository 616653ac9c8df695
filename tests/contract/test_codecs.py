"""Every codec part that is found by name keeps the contract, beside a part that changes nothing."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Tensor

from phonofilm.codecs import Codec
from phonofilm.codecs.identity import Pictures, Sound
from phonofilm.codecs.store import Part, kinds, part_class
from phonofilm.shapes import ClipShape
from phonofilm.testing import check_codec
from tests.codecs.small import random_codec

SHAPE = ClipShape(Fraction(5, 8), Fraction(8), 16, 24, 16_000)


def whole(kind: str) -> bool:
    return all(hasattr(part_class(kind), method) for method in ("encode", "decode", "latent_shape"))


def codec_with(kind: str) -> Codec:
    """The part with fresh weights, of its module's size ``TINY`` where it has one, else of its config's defaults."""
    cls = part_class(kind)
    tiny = getattr(importlib.import_module(cls.__module__), "TINY", None)
    torch.manual_seed(0)
    part = cls(tiny if isinstance(tiny, cls.Config) else cls.Config()).eval()
    return Codec(Pictures(), part) if "sound" in inspect.signature(cls.encode).parameters else Codec(part, Sound())


def test_parts_are_found_by_name() -> None:
    assert {"video_vae.VideoVae", "audio_vae.AudioVae", "identity.Pictures", "identity.Sound"} <= set(kinds())
    assert not whole("vocoder.Vocoder")
    assert [kind for kind in kinds() if part_class(kind) is Part] == []


@pytest.mark.parametrize("kind", [kind for kind in kinds() if whole(kind)])
def test_a_part_keeps_the_contract(kind: str) -> None:
    check_codec(codec_with(kind), SHAPE)


class Misstated(Pictures):
    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        return (3, shape.frames, shape.width, shape.height)


class Noisy(Pictures):
    def encode(self, frames: Tensor) -> Tensor:
        return frames + 1e-3 * torch.randn(frames.shape)


class Mixed(Pictures):
    def encode(self, frames: Tensor) -> Tensor:
        return frames - frames.mean(dim=0, keepdim=True)


class Halved(Pictures):
    def encode(self, frames: Tensor) -> Tensor:
        return frames.half()


class Short(Sound):
    def decode(self, latents: Tensor, samples: int) -> Tensor:
        return super().decode(latents, samples - 1)


class Hidden(Pictures):
    """A weight of the latents stands outside of the encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(2.0))

    @property
    def encoder(self) -> torch.nn.Module:
        return torch.nn.Identity()

    def encode(self, frames: Tensor) -> Tensor:
        return self.gain * frames


class Unsaved(Pictures):
    """A weight of the latents is not stored."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gain", torch.tensor(2.0), persistent=False)

    @property
    def kind(self) -> str:
        return "identity.Pictures"

    def encode(self, frames: Tensor) -> Tensor:
        return self.gain * frames


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Codec(Misstated(), Sound()), "the codec states"),
        (lambda: Codec(Noisy(), Sound()), "two latents"),
        (lambda: Codec(Mixed(), Sound()), "see each other"),
        (lambda: Codec(Halved(), Sound()), "not float32"),
        (lambda: Codec(Pictures(), Short()), "decoded clips have the sizes"),
        (lambda: Codec(Hidden(), Sound()), "not in the encoder"),
        (lambda: Codec(Unsaved(), Sound()), "stored codec"),
    ],
)
def test_a_broken_codec_is_found_out(build: Callable[[], Codec], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_codec(build(), SHAPE)


def test_a_sound_small_codec_passes() -> None:
    check_codec(random_codec(), SHAPE)

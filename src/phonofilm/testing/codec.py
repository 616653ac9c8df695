"""Checks of a codec: what training, pipelines and benchmarks rely on, whatever its parts."""

from __future__ import annotations

from copy import deepcopy
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from phonofilm import codecs
from phonofilm.codecs import Codec
from phonofilm.codecs.base import both
from phonofilm.codecs.store import Part
from phonofilm.media.clip import Clip
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape

CLIPS = 2


def check_codec(codec: Codec, shape: ClipShape) -> None:
    """Clips become latents of the sizes that the codec states, and clips of the same shape again.

    Checked are sizes and kind of the latents, that they are finite, that the same clips give the same, that clips of a
    batch do not see each other, that either side is decoded without the other, that latents depend on no weight
    outside ``encoder`` (caches of latents are known by it), and that a stored codec comes back bit for bit.

    Args:
        codec: in evaluation mode.
        shape: of clips that it can take; sizes that differ in every direction find most.

    Raises:
        AssertionError: with what is wrong.
    """
    clips = [_noise(shape, seed) for seed in range(CLIPS)]
    latents = codec.encode(clips)
    _check_latents(codec, latents, shape)
    again = codec.encode(clips).map(torch.equal, latents)
    assert again == AV(True, True), "the same clips give two latents"
    for index, clip in enumerate(clips):
        alone = codec.encode([clip]).map(_near, latents.map(lambda x, i=index: x[i : i + 1]))
        assert alone == AV(True, True), "clips of a batch see each other"
    _check_decoding(codec, latents, shape)
    _check_encoder(codec, clips, latents)
    _check_storing(codec, clips, latents)


def _check_latents(codec: Codec, latents: AV[Tensor], shape: ClipShape) -> None:
    stated = codec.latent_shape(shape).map(lambda size: (CLIPS, *size))
    found = latents.map(lambda x: tuple(x.shape))
    assert found == stated, f"latents have the sizes {found}, the codec states {stated}"
    kinds = latents.map(lambda x: x.dtype)
    assert kinds == AV(torch.float32, torch.float32), f"latents are {kinds}, not float32"
    assert all(bool(torch.isfinite(x).all()) for x in latents), "latents are not finite"


def _check_decoding(codec: Codec, latents: AV[Tensor], shape: ClipShape) -> None:
    whole = codec.decode(latents, shape)
    expected = AV((shape.frames, shape.height, shape.width, 3), (shape.channels, shape.samples))
    for clip in whole:
        found = both(clip).map(np.shape)
        assert found == expected, f"decoded clips have the sizes {found}, not {expected}"
    halves: tuple[AV[Any], ...] = (AV(latents.video, None), AV(None, latents.audio))
    pictures, sounds = (codec.decode(half, shape) for half in halves)
    for clip, picture, sound in zip(whole, pictures, sounds, strict=True):
        assert picture.audio is None and sound.frames is None, "a side that was left out is decoded"
        same = np.array_equal(picture.frames, clip.frames), np.array_equal(sound.audio, clip.audio)  # type: ignore[arg-type]
        assert same == (True, True), "a side decodes to something else without the other"


def _check_encoder(codec: Codec, clips: list[Clip], latents: AV[Tensor]) -> None:
    other = Codec(deepcopy(codec.video), deepcopy(codec.audio))
    for part in (other.video, other.audio):
        _change_all_but(part.encoder, part)
    same = other.encode(clips).map(torch.equal, latents)
    assert same == AV(True, True), "latents depend on weights that are not in the encoder"


def _check_storing(codec: Codec, clips: list[Clip], latents: AV[Tensor]) -> None:
    for part in (codec.video, codec.audio):
        name = type(part).__name__
        assert isinstance(part, Part), f"a {name} cannot be stored: make it a phonofilm.codecs.store.Part"
    with TemporaryDirectory() as folder:
        codecs.save(codec, folder)
        same = codecs.load(folder).encode(clips).map(torch.equal, latents)
    assert same == AV(True, True), "a stored codec gives other latents"


@torch.no_grad()
def _change_all_but(kept: nn.Module, part: object) -> None:
    if isinstance(part, nn.Module):
        own = {id(value) for value in kept.state_dict(keep_vars=True).values()}
        for value in part.state_dict(keep_vars=True).values():
            if id(value) not in own and value.is_floating_point():
                value.mul_(1.5).add_(0.25)


def _noise(shape: ClipShape, seed: int) -> Clip:
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (shape.frames, shape.height, shape.width, 3), dtype=np.uint8)
    sound = random.uniform(-0.5, 0.5, (shape.channels, shape.samples)).astype(np.float32)
    return Clip(frames, sound, shape.fps, shape.sample_rate)


def _near(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-4)

"""Cached and drawn latents: the same numbers, whatever the batch, the workers or the interruptions."""

import json
import os
import re
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from phonofilm.cli.train import FROM_SCRATCH, train
from phonofilm.codecs.audio_vae import TINY as SMALL
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.base import Codec
from phonofilm.codecs.identity import Pictures, Sound
from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.data.latents import CachedLatents, DrawnLatents, build, describe
from phonofilm.errors import MediaError, SettingError
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), Fraction(4), 24, 16, 16_000)


@pytest.fixture
def codec() -> Codec:
    return Codec(Pictures(), Sound())


def test_drawn_latents_are_the_codec_of_the_rendered_scene(codec: Codec) -> None:
    source = DrawnLatents(codec, SHAPE, first_seed=40, count=9)
    batch = source.take([7, 2])
    scene = sample_scene(47, seconds=SHAPE.seconds)
    expected = codec.encode([render(scene, SHAPE)])
    assert batch.captions[0] == scene.caption
    assert torch.equal(batch.latents.video[:1], expected.video)
    assert torch.equal(batch.latents.audio[:1], expected.audio)


def test_cache_holds_what_is_drawn_and_grows_without_repeating(codec: Codec, tmp_path: Path) -> None:
    added: list[int] = []
    build(tmp_path, codec, SHAPE, 40, 5, shard=3, progress=added.append)
    kept = (tmp_path / "shard-000000000.safetensors").stat().st_mtime_ns
    build(tmp_path, codec, SHAPE, 40, 7, shard=3, workers=2, progress=added.append)
    cached, drawn = CachedLatents(tmp_path), DrawnLatents(codec, SHAPE, 40, 7)
    assert sorted(added) == [1, 2, 3, 3] and len(cached) == 7
    assert (tmp_path / "shard-000000000.safetensors").stat().st_mtime_ns == kept
    ours, theirs = cached.take([6, 0, 3]), drawn.take([6, 0, 3])
    assert ours.captions == theirs.captions
    torch.testing.assert_close(ours.latents.video, theirs.latents.video, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(ours.latents.audio, theirs.latents.audio, atol=1e-3, rtol=1e-3)


def test_a_vocoder_may_be_trained_on_while_its_latents_stand() -> None:
    sound = AudioVae(SMALL)
    before = describe(Codec(Pictures(), sound), SHAPE, 0)
    with torch.no_grad():
        for value in sound.vocoder.parameters():
            value.add_(1)
    assert describe(Codec(Pictures(), sound), SHAPE, 0) == before
    with torch.no_grad():
        next(sound.mel_vae.parameters()).add_(1)
    assert describe(Codec(Pictures(), sound), SHAPE, 0) != before


def test_another_shape_or_folder_is_refused_with_the_reason(codec: Codec, tmp_path: Path) -> None:
    build(tmp_path / "a", codec, SHAPE, 0, 2, shard=2)
    other = ClipShape(Fraction(2), Fraction(8), 24, 16, 16_000)
    with pytest.raises(SettingError, match="another shape"):
        build(tmp_path / "a", codec, other, 0, 2, shard=2)
    with pytest.raises(SettingError, match="phonofilm prepare pack made, or build them"):
        CachedLatents(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "latents.json").write_text(json.dumps({}))
    with pytest.raises(SettingError, match="no latents yet"):
        CachedLatents(tmp_path / "b")


def failing(handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_description_that_could_not_be_written_does_not_stand_in_the_way(
    codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(MediaError, match="could not write"):
            build(tmp_path, codec, SHAPE, 0, 2, shard=2)
    assert list(tmp_path.iterdir()) == []
    build(tmp_path, codec, SHAPE, 0, 2, shard=2)
    assert len(CachedLatents(tmp_path)) == 2


def test_the_advice_is_a_command_that_there_is(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as told:
        CachedLatents(tmp_path)
    (command,) = re.findall("'phonofilm (.*)'", str(told.value))
    verb, _, *options = command.split()
    assert verb == train.__name__
    assert options == ["--from-scratch", "--stage", "latents", "-o", "FOLDER"]
    assert "latents" in FROM_SCRATCH

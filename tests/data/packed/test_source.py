"""Training on packed clips: latents that lie beside them and clips encoded on the fly give the same losses."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.data.packed.encode import encode
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.rows import PackedClip, PackedPictures, PackedSound
from phonofilm.data.packed.shards import Sample, pack
from phonofilm.data.packed.source import EncodedClips, PackedLatents
from phonofilm.data.packed.windows import ClipWindows, Cutting
from phonofilm.errors import SettingError
from phonofilm.media.span import Span
from phonofilm.media.write import film_bytes
from phonofilm.models import load, save
from phonofilm.shapes import ClipShape
from phonofilm.training.config import Stage, TrainConfig
from phonofilm.training.loop import Trainer
from tests.training.test_loop import small_model

COUNT = 7


def drawn(seed: int, shape: ClipShape) -> Sample:
    scene = sample_scene(seed, seconds=shape.seconds)
    return Sample(
        PackedClip(
            clip_id=f"scene{seed}",
            source_id="clapperboard",
            span=Span(0, shape.frames, shape.frames, 0, shape.samples),
            split="train" if seed else "validation",
            caption=scene.caption,
            video=PackedPictures(
                frames=shape.frames, fps=shape.fps, seconds=shape.seconds, height=shape.height, width=shape.width
            ),
            audio=PackedSound(samples=shape.samples, sample_rate=shape.sample_rate, channels=1),
        ),
        film_bytes(render(scene, shape), Path("clip.mp4"), lossless=True),
    )


def test_clips_shorter_than_the_models_are_left_out_where_asked(tmp_path: Path) -> None:
    model, packed = small_model(), tmp_path / "packed"
    save(model, tmp_path / "model")
    short = replace(model.shape, seconds=model.shape.seconds / 2)
    pack([drawn(0, model.shape), drawn(1, short), drawn(2, model.shape)], packed)
    config = TrainConfig(model=tmp_path / "model", out=tmp_path / "out", stage=Stage.JOINT, latents=packed)
    with pytest.raises(SettingError, match="leave_short=true"):
        Trainer(config, load(tmp_path / "model"), Accelerator(cpu=True))
    willing = config.model_copy(update={"leave_short": True})
    assert len(Trainer(willing, load(tmp_path / "model"), Accelerator(cpu=True)).source) == 2


def test_cached_and_on_the_fly_training_have_equal_losses(tmp_path: Path) -> None:
    model, packed = small_model(), tmp_path / "packed"
    save(model, tmp_path / "model")
    pack([drawn(seed, model.shape) for seed in range(COUNT)], packed, shard_bytes=100_000)
    config = TrainConfig(
        model=tmp_path / "model",
        out=tmp_path / "out",
        stage=Stage.JOINT,
        latents=packed,
        split="train",
        clips=6,
        batch=3,
        validate_every=0,
        threads=1,
    )

    def first_losses(kind: type) -> tuple[float, float]:
        trainer = Trainer(config, load(tmp_path / "model"), Accelerator(cpu=True))
        assert isinstance(trainer.source, kind) and len(trainer.source) == COUNT - 1
        _, loss, _ = trainer._backward(0)
        return loss.video, loss.audio

    on_the_fly = first_losses(EncodedClips)
    codec = load(tmp_path / "model").codec
    encode(ClipWindows(Packed(packed), Cutting(model.shape)), codec, batch=2)
    cached = first_losses(PackedLatents)
    assert all(0 < loss < 10 for loss in cached)
    torch.testing.assert_close(torch.tensor(cached), torch.tensor(on_the_fly), rtol=1e-5, atol=1e-6)
    with pytest.raises(SettingError, match="only a packed folder has splits"):
        Trainer(config.model_copy(update={"latents": None}), load(tmp_path / "model"), Accelerator(cpu=True))

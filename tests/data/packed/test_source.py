"""Training on packed clips: latents that lie beside them and clips encoded on the fly give the same losses."""

import warnings
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
from phonofilm.data.packed.source import EncodedClips, HeldOutWarning, PackedLatents, UnknownWordsWarning, source
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


def test_words_that_the_text_encoder_does_not_know_are_told(tmp_path: Path) -> None:
    model, packed = small_model(), tmp_path / "packed"
    save(model, tmp_path / "model")
    strange = ["xa xb xc xd xe xf xg xh xi xj xk xl", "a xylophone", "xylophone"]
    clips = [drawn(number, model.shape) for number in range(4)]
    told = zip(clips, [*strange, clips[3].clip.caption], strict=True)
    pack([replace(one, clip=one.clip.model_copy(update={"caption": text})) for one, text in told], packed)
    config = TrainConfig(model=tmp_path / "model", out=tmp_path / "out", stage=Stage.JOINT, latents=packed)
    with pytest.warns(UnknownWordsWarning) as caught:
        Trainer(config, load(tmp_path / "model"), Accelerator(cpu=True))
    (said,) = (str(one.message) for one in caught if one.category is UnknownWordsWarning)
    assert "captions of 3 of 4 clips hold words" in said
    words = said.partition("on: ")[2].partition(" and 3 more; ")[0].split(", ")
    assert words[0] == "'xylophone'" and len(words) == 10, "the most frequent one is first"


def test_training_on_what_is_held_out_is_told_once(tmp_path: Path) -> None:
    model = small_model()
    pack([drawn(number, model.shape) for number in range(3)], tmp_path / "divided")
    pack([drawn(number, model.shape) for number in (1, 2)], tmp_path / "train")

    def told(name: str, split: str | None = None) -> list[str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            source(tmp_path / name, model.codec, model.shape, split=split)
        return [str(one.message) for one in caught if one.category is HeldOutWarning]

    (said,) = told("divided")
    assert "is divided (train, validation) and all of it is trained on: add split=train" in said
    assert told("divided", "train") == told("divided", "validation") == told("train") == []


def test_words_that_are_all_known_are_not_told(tmp_path: Path) -> None:
    model = small_model()
    pack([drawn(number, model.shape) for number in range(2)], tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownWordsWarning)
        source(tmp_path, model.codec, model.shape, unknown_words=model.text.unknown_words)


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

"""Codec training: it learns, resumes bit for bit, and its parts make a codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from phonofilm.codecs import audio_vae, load, video_vae
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.onset import onset_near
from phonofilm.codecs.store import load_part
from phonofilm.codecs.vocoder import VocoderConfig
from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.errors import SettingError, WeightsError
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.training import codec as codec_training
from phonofilm.training import codec_parts, lesson
from phonofilm.training.checkpoint import Progress
from phonofilm.training.codec import (
    CodecKind,
    CodecPart,
    CodecTrainConfig,
    assemble,
    recipe,
    recipes,
    train,
    train_all,
)
from phonofilm.training.codec_parts import spectral_loss

SHAPE = ClipShape(Fraction(1), Fraction(8), 32, 24, 16_000)
KIND = CodecKind(SHAPE, video_vae.TINY, audio_vae.TINY)
Config = Callable[..., CodecTrainConfig]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    def make(part: CodecPart = CodecPart.PICTURE, name: str = "run", **changes: object) -> CodecTrainConfig:
        small = {"steps": 5, "batch": 3, "scenes": 4, **changes}
        values = recipe(part, tmp_path / name).model_dump() | small
        return CodecTrainConfig.model_validate(values)

    return make


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[CodecPart, Path]:
    """All three parts, hardly trained."""
    out = tmp_path_factory.mktemp("codec")
    found: dict[CodecPart, Path] = {}
    for part in CodecPart:
        coder = found.get(CodecPart.MEL) if part is CodecPart.VOCODER else None
        values = recipe(part, out / part.value, coder).model_dump() | {"steps": 2, "batch": 2, "scenes": 3}
        found[part] = train(CodecTrainConfig.model_validate(values), KIND, quiet=True)
    return found


def test_parts_make_a_codec_of_unit_variance(parts: dict[CodecPart, Path]) -> None:
    codec = assemble(*(parts[part] for part in (CodecPart.PICTURE, CodecPart.MEL, CodecPart.VOCODER)))
    scenes = [sample_scene(seed, seconds=SHAPE.seconds) for seed in range(3)]  # those it was trained on
    clips = [render(scene, SHAPE) for scene in scenes]
    latents = codec.encode(clips)
    for side in latents:
        spread = side.transpose(0, 1).flatten(1).std(1)
        assert ((spread > 0.6) & (spread < 1.6)).all()
    (decoded,) = codec.decode(latents.map(lambda x: x[:1]), SHAPE)
    assert decoded.shape == SHAPE


def test_parts_in_the_wrong_place_are_refused(parts: dict[CodecPart, Path]) -> None:
    picture, mel, vocoder = (parts[part] for part in (CodecPart.PICTURE, CodecPart.MEL, CodecPart.VOCODER))
    with pytest.raises(WeightsError, match=r"holds a vocoder\.Vocoder, a MelVae is needed"):
        assemble(picture, vocoder, mel)


@pytest.mark.parametrize("part", list(CodecPart))
def test_a_resumed_run_is_the_same_bit_for_bit(
    config: Config, part: CodecPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_file(train(config(part, "whole"), KIND, quiet=True) / "weights.safetensors")
    killed = config(part, "killed", checkpoint_minutes=1e-6)
    step = lesson._Run.step

    def dies(run: lesson._Run, progress: Progress) -> Progress:
        if progress.step == 3:
            raise KeyboardInterrupt
        return step(run, progress)

    with monkeypatch.context() as patch:
        patch.setattr(lesson._Run, "step", dies)
        with pytest.raises(KeyboardInterrupt):
            train(killed, KIND, quiet=True)
    assert not (killed.out / "part").exists()
    resumed = load_file(train(killed, KIND, quiet=True) / "weights.safetensors")
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_pictures_are_learned(config: Config) -> None:
    """A few steps on one scene bring the loss well below that of the flat grey that training starts from."""
    run = config(scenes=1, steps=40, batch=8, learning_rate=3e-3)
    train(run, KIND, quiet=True)
    rows = [row for row in (run.out / "log.jsonl").read_text().splitlines() if "loss_l1/video" in row]
    losses = [float(row.split('"loss_l1/video": ')[1].split(",")[0]) for row in rows]
    assert len(losses) == 40
    assert np.mean(losses[-3:]) < 0.5 * losses[0]


def test_rate_rises_and_falls_to_nothing(config: Config) -> None:
    run = config(steps=1000, learning_rate=1.0)
    rates = [run.rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01, rel=0.01)
    assert int(np.argmax(rates)) == 99
    assert rates[-1] < 1e-5


def test_checkpoints_of_another_part_are_refused(config: Config) -> None:
    train(config(CodecPart.PICTURE), KIND, quiet=True)
    with pytest.raises(WeightsError, match="other parameters"):
        train(config(CodecPart.MEL), KIND, quiet=True)


def test_parts_have_the_sizes_that_the_plan_wants(tmp_path: Path) -> None:
    """Another frame rate and other sizes than the tiny model's."""
    video = video_vae.TINY.model_copy(
        update={"autoencoder": video_vae.TINY.autoencoder.model_copy(update={"latent_channels": 3, "widths": (8, 16)})}
    )
    mel = audio_vae.TINY.mel_vae.autoencoder.model_copy(update={"latent_channels": 5, "widths": (8, 16)})
    audio = audio_vae.TINY.model_copy(
        update={
            "mel_vae": audio_vae.TINY.mel_vae.model_copy(update={"autoencoder": mel}),
            "vocoder": VocoderConfig(width=16, blocks=2),
        }
    )
    shape = ClipShape(Fraction(1), Fraction(12), 32, 24, 16_000)
    small = {"steps": 1, "batch": 2, "scenes": 2}
    runs = [CodecTrainConfig.model_validate(run.model_dump() | small) for run in recipes(tmp_path / "runs")]
    codec = load(train_all(runs, tmp_path / "codec", CodecKind(shape, video, audio), workers=1, quiet=True))
    assert codec.latent_shape(shape) == AV((3, 12, 8, 6), (5, 25, 16))
    assert isinstance(codec.audio, AudioVae)
    assert codec.audio.config.vocoder == VocoderConfig(width=16, blocks=2, tones=True)


def test_a_vocoder_that_is_not_trained_here_is_refused(config: Config) -> None:
    with pytest.raises(SettingError, match="choose a VocoderConfig"):
        train(config(CodecPart.VOCODER), replace(KIND, audio=audio_vae.PAPER), quiet=True)


def test_a_run_begun_with_other_settings_is_not_continued(config: Config) -> None:
    train(config(), KIND, quiet=True)
    with pytest.raises(SettingError, match="was begun with batch=3, not batch=2"):
        train(config(batch=2), KIND, quiet=True)


def test_spectral_loss_prefers_the_sharp_attack() -> None:
    """The same click 10 ms early costs more than 2 ms early, and a click smeared over 10 ms more than a sharp one."""
    true = torch.zeros(1, 8000)
    true[0, 4000:4400] = 0.3 * torch.exp(-torch.arange(400) / 80)

    def cost(made: torch.Tensor) -> float:
        return float(sum(spectral_loss(made, true).values()))

    smeared = torch.nn.functional.avg_pool1d(true[None], 161, stride=1, padding=80)[0]
    assert cost(true) == 0
    assert 0 < cost(true.roll(-32, 1)) < cost(true.roll(-160, 1))
    assert cost(smeared) > cost(true.roll(-32, 1))
    assert onset_near(true[0].numpy(), 16_000, 4000) == 4000


def test_motion_weight_marks_what_moves_and_has_mean_one() -> None:
    still = np.full((2, 11, 13, 3), 90, np.uint8)
    pictures = still.copy()
    pictures[0, 5, 6] = 200
    weight = codec_parts._motion_weight(pictures, still)
    assert weight.shape == (2, 1, 11, 13)
    assert float(weight.mean()) == pytest.approx(1)
    heavy = weight > weight.min()
    assert int(heavy.sum()) == 9
    assert heavy[0, 0, 4:7, 5:8].all()
    assert float(weight.max() / weight.min()) == pytest.approx(codec_parts.MOVING_WEIGHT)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_whole_codec_from_nothing_and_finished_runs_are_not_repeated(tmp_path: Path, workers: int) -> None:
    small = {"steps": 1, "batch": 2, "scenes": 2}
    runs = [CodecTrainConfig.model_validate(run.model_dump() | small) for run in recipes(tmp_path / "runs")]
    codec = load(train_all(runs, tmp_path / "codec", KIND, workers, quiet=True))
    assert codec.latent_shape(SHAPE) == AV((4, 8, 4, 3), (8, 25, 16))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.safetensors")}
    train_all(runs, tmp_path / "codec", KIND, workers, quiet=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(before) > 3


def test_what_goes_on_while_scenes_are_drawn_is_said(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    train(config(), KIND)
    assert "picture: drawing scenes: 0/4" in capsys.readouterr().err.splitlines()


def test_an_interrupt_beside_running_parts_says_how_each_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(jobs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(codec_training, "as_completed", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_all(recipes(tmp_path / "runs"), tmp_path / "codec", KIND, workers=2)
    lines = capsys.readouterr().err.splitlines()
    assert [f"{part}: stopped before its first checkpoint: it will begin anew" for part in ("picture", "mel")] == lines
    assert not (tmp_path / "codec").exists()


def test_trained_part_is_frozen_when_loaded(parts: dict[CodecPart, Path]) -> None:
    part = load_part(parts[CodecPart.VOCODER])
    assert not any(parameter.requires_grad for parameter in part.parameters())

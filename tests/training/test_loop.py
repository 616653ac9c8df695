"""The loop on a small real model: what learns, what is frozen, and resuming after kill -9."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from copy import copy
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from phonofilm.codecs import audio_vae, video_vae
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.base import Codec
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.data.clapperboard import HELD_OUT, sample_scene
from phonofilm.data.latents import build
from phonofilm.errors import MediaError, SettingError
from phonofilm.models import Model, create, load, save
from phonofilm.models.svg.config import SIZES, audio_unet, video_unet
from phonofilm.models.svg.recipes import coupled
from phonofilm.pair import AV
from phonofilm.training import loop
from phonofilm.training.config import Stage, TrainConfig
from phonofilm.training.loop import Trainer, run
from phonofilm.training.plan import fresh_text
from phonofilm.training.step import Noised

CAPTIONS = [sample_scene(seed).caption for seed in range(300)]


def small_model() -> Model:
    torch.manual_seed(0)
    codec = Codec(VideoVae(video_vae.TINY).eval(), AudioVae(audio_vae.TINY).eval())
    config = SIZES["tiny"].model_copy(
        update={
            "video_unet": video_unet((16, 32), text=128, attention=(False, True), layers=1, head=16, groups=4),
            "audio_unet": audio_unet((16, 32), text=128, layers=1, head=16, groups=4),
            "coupling": SIZES["tiny"].coupling.model_copy(update={"width": 16, "groups": 4, "head": AV.both(16)}),
        }
    )
    return create("svg-tiny", codec, fresh_text(CAPTIONS, config.text_width), config=coupled(config, "cmc-pe"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("training")
    model = small_model()
    save(model, root / "model")
    build(root / "latents", load(root / "model").codec, model.shape, 0, 11, shard=11)
    return root


def config(folder: Path, out: Path, stage: Stage = Stage.JOINT, **changes: object) -> TrainConfig:
    settings = {"clips": 3 * 6, "batch": 3, "latents": folder / "latents", "validate_every": 0, "threads": 1}
    return TrainConfig.model_validate(
        {"model": folder / "model", "out": out, "stage": stage, "warmup": 2, **settings, **changes}
    )


def weights(model: Path) -> dict[str, torch.Tensor]:
    loaded = load(model)
    return {f"network.{k}": v for k, v in loaded.network.state_dict().items()} | {
        f"text.{k}": v for k, v in loaded.text.state_dict().items()
    }


@pytest.mark.parametrize("stage", list(Stage))
def test_only_what_a_stage_trains_changes(folder: Path, tmp_path: Path, stage: Stage) -> None:
    after = weights(run(config(folder, tmp_path / "out", stage), quiet=True))
    before = weights(folder / "model")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    own = load(folder / "model").network.trainable(stage.value)
    expected = {f"network.{name}" for side in own.present() for name in side}
    assert {name for name in changed if name.startswith("network.")} <= expected
    assert len(changed) > 0.5 * len(expected)
    texts = {Stage.VIDEO: "text.video.", Stage.AUDIO: "text.audio."}
    learned_text = {name.split(".")[1] for name in changed if name.startswith("text.")}
    assert learned_text == ({texts[stage].split(".")[1]} if stage in texts else set())


def test_a_run_killed_at_any_moment_ends_bit_for_bit_like_one_that_was_not(folder: Path, tmp_path: Path) -> None:
    whole = weights(run(config(folder, tmp_path / "whole"), quiet=True))
    settings = config(folder, tmp_path / "killed", checkpoint_minutes=1e-9)
    path = tmp_path / "settings.json"
    path.write_text(settings.model_dump_json())
    code = (
        "import sys; from pathlib import Path; from phonofilm.training.config import TrainConfig;"
        "from phonofilm.training.loop import run;"
        "run(TrainConfig.model_validate_json(Path(sys.argv[1]).read_text()), quiet=True)"
    )
    log = tmp_path / "killed" / "log.jsonl"
    kills = 0
    for after in (1, 3, 4):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)])
        while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) >= after):
            time.sleep(0.01)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2
    resumed = weights(run(settings, quiet=True))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    steps = [json.loads(line).get("step") for line in log.read_text().splitlines()]
    assert steps[-1] == settings.steps


def test_accumulated_batches_have_the_gradient_and_the_loss_of_one_large_batch(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_step = {"clips": 4, "self_conditioning": 0.0, "text_dropout": 0.0}
    run(config(folder, tmp_path / "whole", batch=4, **one_step), quiet=True)
    drawn = Trainer._batch

    def part(trainer: Trainer, index: int) -> tuple[Noised, list[str], torch.Generator]:
        """Half of the large batch: its clips, texts and noise."""
        large = copy(trainer)
        large.config = trainer.config.model_copy(update={"batch": 4})
        noised, texts, generator = drawn(large, 0)
        mine = slice(2 * index, 2 * index + 2)
        sides = (getattr(noised, field).map(lambda x: x[mine]) for field in ("clean", "noise", "state", "s"))
        return Noised(*sides), texts[mine], generator

    monkeypatch.setattr(Trainer, "_batch", part)
    run(config(folder, tmp_path / "parts", batch=2, accumulate=2, **one_step), quiet=True)
    whole, parts = (json.loads((tmp_path / name / "log.jsonl").read_text()) for name in ("whole", "parts"))
    for name in ("loss/video", "loss/audio", "gradient_norm/video", "gradient_norm/audio"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-3), name


def test_a_run_begun_with_other_settings_is_not_continued(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(config(folder, out, clips=3), quiet=True)
    with pytest.raises(SettingError, match=r"out was begun with seed=0, not seed=3: give the same settings"):
        run(config(folder, out, clips=6, seed=3), quiet=True)
    assert json.loads((out / "config.json").read_text())["clips"] == 3
    free = {"clips": 6, "cooldown": 0.0, "checkpoint_minutes": 7}
    run(config(folder, out, **free), quiet=True)
    assert json.loads((out / "config.json").read_text())["clips"] == 6


def test_a_finished_run_is_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    asked = config(folder, tmp_path / "out", clips=3, validate_every=1)
    model = run(asked, quiet=True)
    kept = {path: path.stat().st_mtime_ns for path in model.rglob("*")}
    assert run(asked, quiet=True) == model
    assert {path: path.stat().st_mtime_ns for path in model.rglob("*")} == kept
    shutil.rmtree(model)  # it was killed before that was written
    assert weights(run(asked, quiet=True)).keys()


def test_a_run_whose_model_has_other_weights_by_now_is_not_continued(folder: Path, tmp_path: Path) -> None:
    """The frozen ones are in no checkpoint: continued beside others, the run would be neither's."""
    model, out = tmp_path / "model", tmp_path / "out"
    shutil.copytree(folder / "model", model)
    run(config(folder, out, Stage.VIDEO, model=model, clips=3), quiet=True)
    changed = load(model)
    with torch.no_grad():
        next(iter(changed.network.trainable("audio").audio.values())).mul_(1.7)
    shutil.rmtree(model)
    save(changed, model)
    with pytest.raises(SettingError, match=r"out was begun with base=\w+, not base=\w+"):
        run(config(folder, out, Stage.VIDEO, model=model, clips=6), quiet=True)


def test_a_checkpoint_without_settings_is_continued(folder: Path, tmp_path: Path) -> None:
    """As runs left them before settings were kept."""
    out = tmp_path / "out"
    run(config(folder, out, clips=3), quiet=True)
    state = out / "checkpoints" / "step-00000001" / "state.json"
    row = json.loads(state.read_text())
    assert row.pop("settings")["seed"] == 0
    state.write_text(json.dumps(row))
    run(config(folder, out, clips=6, seed=3), quiet=True)
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "step" in row] == [1, 2]


def test_the_model_says_how_it_was_trained(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "VALIDATION_CLIPS", 2)
    settings = {"clips": 12, "batch": 3, "accumulate": 2, "seed": 7, "learning_rate": 2e-4}
    (base,) = load(run(config(folder, tmp_path / "a", Stage.VIDEO, validate_every=99, **settings), quiet=True)).training
    assert (base.stage, base.clips, base.steps, base.batch) == ("video", 12, 2, 6)
    assert (base.learning_rate, base.seed) == (2e-4, 7)
    assert base.seconds > 0 and "cpu" in base.device
    assert set(base.losses) == {"held_out_loss", "held_out_loss_other_text"}
    assert base.losses["held_out_loss"].audio is None
    assert 0 < base.losses["held_out_loss"].video < 10
    after = load(run(config(folder, tmp_path / "b", model=tmp_path / "a" / "model", clips=3), quiet=True)).training
    assert after[0] == base
    assert (after[1].stage, after[1].clips, after[1].losses) == ("joint", 3, {})


def test_a_finished_folder_is_not_trained_over(folder: Path, tmp_path: Path) -> None:
    run(config(folder, tmp_path / "out", clips=3), quiet=True)
    with pytest.raises(SettingError, match="resume=true"):
        run(config(folder, tmp_path / "out", clips=3, resume=False), quiet=True)


def test_a_run_folder_that_cannot_be_made_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"mine")
    with pytest.raises(MediaError, match="cannot make the folder"):
        run(config(folder, tmp_path / "x.wav"), quiet=True)


def test_scenes_kept_for_evaluation_are_never_trained_on(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="kept for evaluation"):
        run(config(folder, tmp_path / "run", latents=None, first_seed=HELD_OUT), quiet=True)


def test_latents_of_another_codec_are_refused(folder: Path, tmp_path: Path) -> None:
    model = small_model()
    with torch.no_grad():
        next(model.codec.video.parameters()).mul_(2)
    save(model, tmp_path / "model")
    with pytest.raises(SettingError, match="another codec"):
        run(config(folder, tmp_path / "out", model=tmp_path / "model"), quiet=True)


def test_drawing_scenes_while_training_touches_no_cache(folder: Path, tmp_path: Path) -> None:
    """Drawn scenes give the losses of cached ones but for the cache's half precision, and other scenes other losses."""

    def first_losses(name: str, **changes: object) -> list[float]:
        run(config(folder, tmp_path / name, clips=6, learning_rate=1e-9, **changes), quiet=True)
        rows = [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        return [value for row in rows for key, value in sorted(row.items()) if "loss" in key]

    cached = first_losses("cached")
    assert len(cached) > 1
    assert first_losses("drawn", latents=None, scenes=11) == pytest.approx(cached, rel=2e-4)
    others = first_losses("others", latents=None, scenes=11, first_seed=5000)
    assert others != pytest.approx(cached, rel=2e-3)


def test_shape_is_the_models_own(folder: Path) -> None:
    assert load(folder / "model").shape.seconds == Fraction(2)

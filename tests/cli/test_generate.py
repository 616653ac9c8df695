from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.pipelines import joint
from phonofilm.pipelines.device import CPU
from tests.cli.conftest import Run

BALL = "a glass ball bounces on wood"


def test_a_clip_and_its_sidecar_and_the_same_clip_again(run: Run, model: Path, tmp_path: Path) -> None:
    ran = run("generate", BALL, "--model", model, "--steps", "2", "--seed", "5", "-o", "new/hit.mp4")
    assert ran.status == 0
    assert re.fullmatch(r"new/hit\.mp4: \d+\.\d s of sampling, \d+\.\d s besides\n", ran.out)
    assert re.search(r"^1 film in \d+\.\d s$", ran.err, re.MULTILINE)
    row = json.loads((tmp_path / "new/hit.json").read_text())
    assert (row["prompt"], row["seed"], row["settings"]["steps"]) == (BALL, 5, 2)
    again = run("generate", "--from", "new/hit.json", "-o", "again.mp4")
    assert "again.mp4 is the film of new/hit.json, bit for bit" in again.out
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "new/hit.mp4").read_bytes()


def test_a_remake_that_differs_is_said_to(run: Run, model: Path, tmp_path: Path) -> None:
    run("generate", BALL, "--model", model, "--steps", "1", "-o", "hit.mp4")
    row = json.loads((tmp_path / "hit.json").read_text()) | {"film_sha256": "00" * 32}
    (tmp_path / "hit.json").write_text(json.dumps(row))
    again = run("generate", "--from", "hit.json", "-o", "again.mp4")
    assert again.status == 0
    assert "warning: again.mp4 differs in rounding" in again.err
    assert "bit for bit" not in again.out


def test_a_clip_is_made_again_on_the_device_and_in_the_batch_of_then(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def recording(name: str) -> torch.device:
        asked.append(name)
        return CPU

    monkeypatch.setattr(joint, "pick", recording)
    load = joint.load
    monkeypatch.setattr(joint, "load", lambda name, **rest: load(name, **{"batch": 2, **rest}))
    run("generate", BALL, "--model", model, "--steps", "1", "--n", "2", "-o", "out")
    second = tmp_path / "out" / "001-a-glass-ball-bounces-on-wood-seed1.json"
    environment = json.loads(second.read_text())["environment"]
    assert (environment["device"], environment["batch"], environment["place"]) == ("cpu", 2, 1)
    assert "bit for bit" in run("generate", "--from", second, "-o", "again.mp4").out
    run("generate", "--from", second, "--device", "auto", "-o", "elsewhere.mp4")
    assert asked == ["auto", "cpu", "auto"]


def test_guidance_is_kept_to_its_interval(run: Run, model: Path, tmp_path: Path) -> None:
    options = ["--model", model, "--steps", "1", "--guidance-interval", "0.25:0.75", "-o", "x.mp4"]
    assert run("generate", BALL, *options).status == 0
    assert json.loads((tmp_path / "x.json").read_text())["settings"]["guidance_interval"] == [0.25, 0.75]
    assert "bit for bit" in run("generate", "--from", "x.json", "-o", "y.mp4").out


def test_prompts_from_a_file_with_several_seeds_and_settings(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text(f"# two\n{BALL}\n\na metal pipe\n")
    ran = run(
        "generate", "prompts.txt", "--model", model, "-o", "out/", "--n", "2", "--seed", "7",
        "--steps", "1", "--gamma", "1.5", "--guidance", "video=7.5", "--fps", "4", "--seconds", "1.5",
    )  # fmt: skip
    assert ran.status == 0
    films = sorted(path.name for path in (tmp_path / "out").glob("*.mp4"))
    assert films == [
        "000-a-glass-ball-bounces-on-wood-seed7.mp4",
        "001-a-glass-ball-bounces-on-wood-seed8.mp4",
        "002-a-metal-pipe-seed7.mp4",
        "003-a-metal-pipe-seed8.mp4",
    ]
    settings = json.loads((tmp_path / "out" / films[2]).with_suffix(".json").read_text())["settings"]
    assert settings["guidance"] == {"video": 7.5, "audio": 2.5}
    clip = read(tmp_path / "out" / films[2])
    assert (len(clip.frames), clip.fps, clip.audio.shape[1]) == (6, 4, 24_000)


def test_resume_keeps_what_is_finished(run: Run, model: Path, tmp_path: Path) -> None:
    command = ["generate", BALL, "--model", model, "--steps", "1", "--n", "2", "-o", "out"]
    assert run(*command).status == 0
    assert "exists already" in run(*command).err
    last = tmp_path / "out" / "001-a-glass-ball-bounces-on-wood-seed1.json"
    last.unlink()
    ran = run(*command, "--resume")
    assert ran.status == 0
    assert "1 of 2 clips are finished already" in ran.err
    assert last.exists()
    assert run(*command, "--force").status == 0


def test_an_unknown_word_is_a_warning_and_the_clip_is_made(run: Run, model: Path, tmp_path: Path) -> None:
    ran = run("generate", "a zebra on wood", "--model", model, "--steps", "1", "-o", "x.mp4")
    assert ran.status == 0
    assert ran.err.startswith(f"phonofilm: warning: {model} was never trained on 'zebra': it will guess")
    assert (tmp_path / "x.mp4").exists()


def test_lossless_film_holds_every_bit(run: Run, model: Path, tmp_path: Path) -> None:
    for name in ("a.mkv", "b.mkv"):
        assert run("generate", BALL, "--model", model, "--steps", "1", "--lossless", "-o", name).status == 0
    lossy = run("generate", BALL, "--model", model, "--steps", "1", "-o", "c.mp4")
    assert lossy.status == 0
    one, other, third = (read(tmp_path / name) for name in ("a.mkv", "b.mkv", "c.mp4"))
    assert np.array_equal(one.frames, other.frames)
    assert np.array_equal(one.audio, other.audio)
    assert not np.array_equal(one.frames, third.frames)


def test_sound_for_a_picture(run: Run, model: Path, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8).repeat(16, axis=0)
    Clip(frames, None, Fraction(8), 0).save(tmp_path / "silent.mkv", lossless=True)
    command = [
        "generate",
        BALL,
        "--model",
        model,
        "--steps",
        "1",
        "--picture",
        "silent.mkv",
        "--lossless",
        "-o",
        "dub.mkv",
    ]
    assert run(*command).status == 0
    dubbed = read(tmp_path / "dub.mkv")
    assert np.array_equal(dubbed.frames, frames)
    assert dubbed.audio.shape == (1, 32_000)
    again = run("generate", "--from", "dub.json", "-o", "again.mkv")
    assert "bit for bit" in again.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interrupt signal for another process")
def test_an_interrupted_run_leaves_only_whole_films(model: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "phonofilm",
        "generate",
        BALL,
        "--model",
        model,
        "--steps",
        "1",
        "--n",
        "200",
        "-o",
        "out",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while len(list((tmp_path / "out").glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode not in (0, 2)
    assert "Traceback" not in err
    assert "--resume makes the others" in err
    sidecars = list((tmp_path / "out").glob("*.json"))
    assert 2 <= len(sidecars) < 200
    for sidecar in sidecars:
        assert len(read(sidecar.with_suffix(".mp4")).frames) == 16
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix not in (".mp4", ".json")]

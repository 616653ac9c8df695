"""Bad input: status 2, one sentence that holds the fix, and nothing half-written."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from tests.cli.conftest import Ran, Run
from tests.tiny import save_tiny_model

BALL = "a glass ball bounces on wood"


def refused(ran: Ran, *words: str) -> None:
    """One line on stderr that begins with the program's name and holds all the words."""
    assert ran.status == 2
    lines = [line for line in ran.err.splitlines() if not line.startswith("phonofilm: warning:")]
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("phonofilm: ")
    for word in words:
        assert word in lines[0]
    assert ran.out == ""


def silent_film(path: Path, frames: int = 16) -> Path:
    return Clip(np.full((frames, 64, 64, 3), 90, np.uint8), None, Fraction(8), 0).save(path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([""], ["the prompt is empty", "say what happens"]),
        (["  "], ["the prompt is empty"]),
        (["wood " * 99, "-o", "new/folder/"], ["the prompt is too long: shorten it by 69 of its 99 words"]),
        ([BALL, "--negative", "wood " * 99], ["the negative prompt is too long"]),
        ([BALL, "-o", "x" * 260 + ".mp4"], ["File name too long", "choose another name"]),
        ([BALL, "--steps", "-3"], ["steps is -3", "choose 1 or more"]),
        ([BALL, "--steps", "0"], ["steps is 0", "choose 1 or more"]),
        ([BALL, "--gamma", "-1"], ["gamma is -1.0", "above 0"]),
        ([BALL, "--seconds", "60"], ["up to 2 seconds", "--seconds 2"]),
        ([BALL, "--seconds", "two"], ["--seconds 'two' is not a number", "write for example 2"]),
        ([BALL, "--fps", "120"], ["8 frames a second, not 120", "--fps 8"]),
        ([BALL, "--fps", "1/0"], ["--fps '1/0' is not a number"]),
        ([BALL, "--sampler", "eular"], ["unknown sampler 'eular'", "did you mean 'euler'"]),
        ([BALL, "--guidance", "vidoe=3"], ["unknown side of --guidance 'vidoe'", "did you mean 'video'"]),
        ([BALL, "--guidance", "strong"], ["'strong' is not a number", "--guidance 7.5"]),
        ([BALL, "--guidance", "video=3,video=4"], ["--guidance names video twice"]),
        ([BALL, "--guidance", "-1"], ["guidance is -1.0", "choose 0 or more"]),
        ([BALL, "--guidance-interval", "0.3"], ["'0.3' is no guidance interval", "0.2:0.8"]),
        ([BALL, "--guidance-interval", "0.8:0.2"], ["0.8 to 0.2", "the smaller first"]),
        ([BALL, "--seed", "-1"], ["seed is -1", "from 0"]),
        ([BALL, "--device", "tpu"], ["unknown device 'tpu'", "known: auto, cpu, cuda"]),
        ([BALL, "-o", "x.avi"], ["x.avi", ".mp4"]),
        (["missing.txt"], ["cannot read prompts from missing.txt (No such file or directory)"]),
        ([BALL, "--picture", "no.mp4"], ["no.mp4"]),
    ],
)
def test_bad_requests(run: Run, model: Path, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    refused(run("generate", *arguments, "--model", model), *words)
    assert list(tmp_path.iterdir()) == []


def test_an_over_long_prompt_of_a_file_is_found_by_its_line(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(f"# two\n{BALL}\n{'wood ' * 99}\n")
    refused(run("generate", "p.txt", "--model", model), "line 3 of p.txt is too long: shorten it by 69 of its 99 words")
    assert [path.name for path in tmp_path.iterdir()] == ["p.txt"]


@pytest.mark.parametrize("option", ["--model", "--from", "-o", "--picture", "--sound", "--device"])
def test_an_empty_value_stands_for_nothing(run: Run, tmp_path: Path, option: str) -> None:
    ran = run("generate", *([] if option == "--from" else [BALL]), option, "")
    assert ran.status == 2
    assert option in ran.err
    assert "it is empty" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_no_prompt_at_all(run: Run) -> None:
    refused(run("generate"), "say what happens", "phonofilm generate")


def test_unknown_model(run: Run) -> None:
    refused(run("generate", BALL, "--model", "svg-tinny"), "unknown model 'svg-tinny'", "did you mean 'svg-tiny'")


def test_a_folder_that_is_no_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(run("generate", BALL, "--model", tmp_path / "empty"), "is not a model", "model.json")


def test_damaged_weights(run: Run, tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "m")
    weights = folder / "network.safetensors"
    content = bytearray(weights.read_bytes())
    content[:8] = b"\xff" * 8
    weights.write_bytes(content)
    refused(
        run("generate", BALL, "--model", folder, "-o", "x.mp4"),
        "network.safetensors",
        "copy, install or train it again",
    )
    assert not (tmp_path / "x.mp4").exists()


def test_foreign_weights(run: Run, model: Path, tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "m")
    (folder / "network.safetensors").write_bytes((model / "text" / "text.safetensors").read_bytes())
    refused(run("generate", BALL, "--model", folder), "network.safetensors is damaged or of another save", "again")


def test_an_existing_output_is_kept_and_force_named(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"mine")
    refused(run("generate", BALL, "--model", model, "-o", "x.mp4"), "x.mp4 exists already", "--force")
    assert (tmp_path / "x.mp4").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_an_unwritable_output(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(run("generate", BALL, "--model", model, "-o", "file/x.mp4"), "file", "choose another with -o")


def test_several_clips_for_one_file(run: Run, model: Path) -> None:
    refused(run("generate", BALL, "--n", "3", "--model", model, "-o", "x.mp4"), "3 clips", "give a folder", "-o x/")


def test_from_goes_with_no_other_setting(run: Run) -> None:
    refused(
        run("generate", "--from", "x.json", "--steps", "9"), "--from makes the clip of x.json as it was", "leave out"
    )


def test_from_goes_not_with_resume(run: Run) -> None:
    refused(run("generate", "--from", "x.json", "--resume"), "leave out --resume")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", ["is not a sidecar", "beside a generated film"]),
        ('{"format": "phonofilm-sidecar", "version": 99, "phonofilm": "9.9"}', ["version 99", "Phonofilm 9.9"]),
        ('{"format": "phonofilm-sidecar", "version": 1}', ["damaged sidecar"]),
        ('{"format": "phonofilm-sidecar", "version": 1, "environment": {"threads": "two"}}', ["damaged sidecar"]),
    ],
)
def test_sidecars_of_another_kind(run: Run, tmp_path: Path, content: str, words: list[str]) -> None:
    (tmp_path / "x.json").write_text(content)
    refused(run("generate", "--from", "x.json", "-o", "y.mp4"), *words)


def test_a_sidecar_of_other_weights(run: Run, model: Path, tmp_path: Path) -> None:
    assert run("generate", BALL, "--model", model, "--steps", "1", "-o", "x.mp4").status == 0
    row = json.loads((tmp_path / "x.json").read_text()) | {"weights": "00" * 32}
    (tmp_path / "x.json").write_text(json.dumps(row))
    refused(run("generate", "--from", "x.json", "-o", "y.mp4"), "weights 000000000000", "--model")
    assert not (tmp_path / "y.mp4").exists()


@pytest.mark.parametrize(("command", "option"), [("plot", None), ("generate", "--picture"), ("generate", "--sound")])
def test_a_file_that_is_not_a_film(run: Run, model: Path, tmp_path: Path, command: str, option: str | None) -> None:
    (tmp_path / "x.mp4").write_text("no film")
    arguments = ["x.mp4"] if option is None else [BALL, "--model", model, option, "x.mp4", "-o", "y.mp4"]
    refused(run(command, *arguments), "x.mp4")


def test_a_film_without_sound_where_sound_is_needed(run: Run, model: Path, tmp_path: Path) -> None:
    silent_film(tmp_path / "silent.mp4")
    ran = run("generate", BALL, "--model", model, "--sound", "silent.mp4", "-o", "y.mp4")
    refused(ran, "silent.mp4 has no sound", "choose a film with sound")


def test_picture_and_sound_at_once(run: Run) -> None:
    refused(run("generate", BALL, "--picture", "a.mp4", "--sound", "b.mp4"), "exclude each other")


def test_a_picture_that_is_too_short(run: Run, model: Path, tmp_path: Path) -> None:
    silent_film(tmp_path / "short.mp4", frames=5)
    refused(run("generate", BALL, "--model", model, "--picture", "short.mp4"), "5 of the 16 frames", "--seconds")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "svg-tiny", "bacth=8"], ["unknown training setting 'bacth'", "did you mean 'batch'"]),
        (["train", "svg-tiny", "steps=3"], ["steps is no training setting", "clips=24 batch=8"]),
        (["train", "svg-tiny", "batch=many"], ["training setting batch", "many"]),
        (["train", "svg-tiny", "batch"], ["'batch' is not a setting", "key=value"]),
        (["train", "svg-tiny", "--stage", "vidoe"], ["stage", "vidoe"]),
        (["train", "svg-tiny", "stage=video"], ["--stage"]),
        (["prepare", "clapboard", "--count", "2", "-o", "d"], ["No such command 'clapboard'", "'clapperboard'"]),
        (["prepare", "clapperboard", "--count", "0", "-o", "d"], ["--count", "greater than or equal to 1", "--help"]),
        (["generate", "x", "--stepz", "3"], ["--stepz", "--steps", "phonofilm generate --help"]),
        (["generate", "x", "--n", "0"], ["--n", "greater than or equal to 1", "--help"]),
        (["generate", "x", "--seed", "1.5"], ["--seed", "integer", "--help"]),
        (["nope"], ["No such command 'nope'", "phonofilm --help"]),
        (["score"], ["no folder is named", "--list", "--compare"]),
        (["prepare", "clapperboard", "--count", "2", "-o", "d", "--fps", "0"], ["must be above 0"]),
        (["prepare", "clapperboard", "--count", "2", "-o", "d", "--fps", "7.3"], ["73/5 frames are no whole number"]),
        (["bench", "clapperbord"], ["unknown benchmark 'clapperbord'", "'clapperboard'"]),
        (["score", "nowhere"], ["nowhere"]),
    ],
)
def test_the_other_commands(run: Run, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    refused(run(*arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_films_cannot_be_scored(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(run("score", "empty"), "empty", "films")


@pytest.mark.parametrize("verb", [[], ["prepare"]])
def test_a_command_without_its_verb_shows_the_verbs(run: Run, verb: list[str]) -> None:
    ran = run(*verb)
    assert ran.status == 2
    assert "clapperboard" in ran.out + ran.err if verb else "generate" in ran.out + ran.err


def on_a_full_disk(folder: Path, size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The whole program under a file size limit in bytes, which the system reports like a full disk."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "phonofilm", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, preexec_fn=limit, check=False)


@pytest.mark.parametrize("size", [512, 100_000])
def test_training_on_a_full_disk_says_so(model: Path, tmp_path: Path, size: int) -> None:
    """The first limit stops the log, the second the weights of the checkpoint."""
    small = ["clips=4", "batch=2", "validate_every=0", "scenes=4"]
    ran = on_a_full_disk(tmp_path, size, "train", model, "--stage", "video", "-o", "r", *small)
    assert ran.returncode == 2, ran.stderr
    assert re.search(r"^phonofilm: .*File too large.*make room", ran.stderr.splitlines()[-1])
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("verb", ["generate", "score"])
def test_a_disk_without_room_for_anything_is_said(
    verb: str, model: Path, noise: Callable[[int], Path], tmp_path: Path
) -> None:
    """Not even a temporary file can be made."""
    films = noise(1)
    verbs = {
        "generate": ("generate", BALL, "--model", model, "--steps", "1", "-o", "x.mp4"),
        "score": ("score", films, "--no-cache", "-o", "x.json"),
    }
    ran = on_a_full_disk(tmp_path, 0, *verbs[verb])
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert re.search(r"^phonofilm: .*(make room|TMPDIR)", ran.stderr.splitlines()[-1])
    assert list(tmp_path.iterdir()) == [films]


def test_a_full_disk_leaves_nothing_half_written(model: Path, tmp_path: Path) -> None:
    ran = on_a_full_disk(tmp_path, 1024, "generate", BALL, "--model", model, "--steps", "1", "-o", "x.mp4")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith("phonofilm: could not write x.mp4 (File too large): make room")
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []

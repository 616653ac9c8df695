from __future__ import annotations

import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm import __version__
from phonofilm.cli.generate import generate
from phonofilm.cli.parse import assignments, fraction, interval, scales
from phonofilm.cli.prepare import app as prepare
from phonofilm.cli.progress import progress
from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.data.manifest import read_manifest
from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.pair import AV
from tests.cli.conftest import Run

VERBS = ("generate", "train", "score", "prepare", "bench", "plot", "models")
PREPARE = tuple(command.name for command in prepare.registered_commands)


def test_help_names_every_verb_and_where_to_start(run: Run) -> None:
    ran = run("--help")
    assert ran.status == 0
    assert [verb for verb in VERBS if re.search(rf"^│ {verb} ", ran.out, re.MULTILINE)] == list(VERBS)
    assert "Start with: phonofilm generate" in ran.out


@pytest.mark.parametrize("verb", [*VERBS[:3], *VERBS[4:], *(f"prepare {name}" for name in PREPARE)])
def test_every_verb_explains_itself_with_an_example(run: Run, verb: str) -> None:
    ran = run(*verb.split(), "--help")
    assert ran.status == 0
    assert "Usage: phonofilm " + verb in ran.out or f" {verb} " in ran.out.splitlines()[1]
    if verb != "models":
        assert re.search(rf"Examples?:\s+phonofilm {verb} ", ran.out)


def test_examples_of_generate_stand_on_a_line_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as a terminal is at least; a command that is broken in two cannot be copied."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = [line.strip() for line in run("generate", "--help").out.splitlines()]
    examples = [line.strip() for line in (generate.__doc__ or "").splitlines() if line.strip().startswith("phonofilm ")]
    assert len(examples) == 4
    assert [line for line in examples if line not in shown] == []


def test_version(run: Run) -> None:
    assert run("--version").out == f"phonofilm {__version__}\n"


def test_help_costs_little_processor_time() -> None:
    """The best of three, in processor time, so that a busy machine does not count."""
    code = "import time, phonofilm.cli as c; c.app.app(['-h'], standalone_mode=False); print(time.process_time())"
    spent = []
    for _ in range(3):
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        spent.append(float(ran.stdout.split()[-1]))
    assert min(spent) < 1


def test_models_lists_sizes_parameters_and_licence(run: Run) -> None:
    ran = run("models")
    assert ran.status == 0
    for name in ("svg-tiny", "svg-small", "svg-paper", "2409.17550"):
        assert name in ran.out
    assert re.search(r"svg-tiny .*[0-9]{1,3},[0-9]{3},[0-9]{3}", ran.out)


def test_plot_draws_any_film(run: Run, tmp_path: Path) -> None:
    Clip(np.zeros((5, 7, 11, 3), np.uint8), np.zeros((1, 8000), np.float32), Fraction(5), 8000).save(tmp_path / "x.mkv")
    assert run("plot", "x.mkv", "--no-events").out == "x.png\n"
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert run("plot", "x.mkv", "--no-events").status == 2
    assert run("plot", "x.mkv", "--no-events", "-o", "y.png").status == 0


def test_prepare_writes_films_and_a_manifest_and_goes_on(run: Run, tmp_path: Path) -> None:
    command = ["prepare", "clapperboard", "-o", "d", "--seed", "1000000000"]
    assert run(*command, "--count", "1").out == "d/manifest.jsonl: 1 clip\n"
    first = next((tmp_path / "d").glob("*.mp4")).stat().st_mtime_ns
    assert run(*command, "--count", "2").status == 0
    assert len((tmp_path / "d" / "manifest.jsonl").read_text().splitlines()) == 2
    assert min(path.stat().st_mtime_ns for path in (tmp_path / "d").glob("*.mp4")) == first


def test_prepare_keeps_every_bit_if_told_to(run: Run, tmp_path: Path) -> None:
    assert run("prepare", "clapperboard", "-o", "d", "--count", "1", "--lossless").status == 0
    (record,) = read_manifest(tmp_path / "d")
    assert record.lossless
    clip, truth = read(tmp_path / "d" / record.file), render(sample_scene(0), record.shape)
    assert np.array_equal(clip.frames, truth.frames)
    assert np.array_equal(clip.audio, truth.audio)


def test_train_prints_its_settings(run: Run, tmp_path: Path) -> None:
    ran = run("train", "svg-tiny", "--stage", "video", "-o", "r", "clips=99", "noise.mean=0.5", "--settings")
    assert ran.status == 0
    assert '"clips": 99' in ran.out
    assert '"mean": 0.5' in ran.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.5", AV(7.5, 7.5)),
        ("video=7.5,audio=2.5", AV(7.5, 2.5)),
        ("audio=2", AV(None, 2.0)),
        ("audio=1, video=0", AV(0, 1)),
    ],
)
def test_guidance_scales(text: str, expected: AV) -> None:
    assert scales(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", Fraction(2)), ("0.1", Fraction(1, 10)), ("24000/1001", Fraction(24000, 1001)), (None, None)],
)
def test_fractions_are_exact(text: str | None, expected: Fraction | None) -> None:
    assert fraction(text, "--fps") == expected


def test_assignments_of_a_benchmark_row() -> None:
    assert assignments("") == {}
    assert assignments("gamma=1.5,steps=10,seconds=3/2") == {"gamma": 1.5, "steps": 10, "seconds": Fraction(3, 2)}
    assert assignments("audio=3,sampler=heun") == {"sampler": "heun", "guidance": AV(None, 3.0)}


class Terminal:
    """Looks like a terminal to whoever asks."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_progress_shows_rate_and_time_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("rendering", "clips") as report:
        for done in range(5):
            report(done, 5)
            time.sleep(0.15)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.text)
    assert "rendering" in plain
    assert "4/5" in plain
    assert re.search(r"\d clips/s", plain)
    assert re.search(r"gone 0:00:0\d left", plain)
    assert "?" not in plain


def test_an_interrupted_bar_is_wiped_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        with progress("rendering", "clips") as report:
            report(2, 5)
            raise KeyboardInterrupt

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.text.endswith("\x1b[1A\x1b[2K")  # one line up, and that line erased


def test_progress_is_a_line_every_half_minute_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with progress("rendering", "clips") as report:
        for done in (100, 110, 120, 130, 140):
            clock[0] += 12
            report(done, 500)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["rendering: 120/500 clips, 0.833 clips/s, 8 min left"]


def test_a_line_of_progress_before_any_rate_is_known_has_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with progress("generating", "steps") as report:
        clock[0] += 45
        report(3, 9)
        report(4, 9)
        clock[0] += 45
        report(4, 9)
    assert capsys.readouterr().err.splitlines() == [
        "generating: 3/9 steps",
        "generating: 4/9 steps, 0.0222 steps/s, 4 min left",
    ]


def test_guidance_intervals() -> None:
    assert interval("0.2:0.8") == (0.2, 0.8)
    assert assignments("guidance_interval=0:0.5,steps=3") == {"guidance_interval": (0.0, 0.5), "steps": 3}


def test_a_setting_is_given_once() -> None:
    for text in ("gamma=1,gamma=2", "video=3,steps=2,video=4"):
        with pytest.raises(SettingError, match="twice: leave one out"):
            assignments(text)
    with pytest.raises(SettingError, match="--guidance names audio twice"):
        scales("audio=1, audio=1")

"""What a run says to the person who watches."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from phonofilm.pair import AV
from phonofilm.training.log import RunLog, pace, watched


def interrupt(folder: Path, first: int = 0) -> None:
    with RunLog(folder, 9, first, name="mel") as log:
        log.start(first)
        log.step(first + 1, {"loss": AV(None, 0.5)}, 4.0, 1e-3)
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        ([], "stopped before its first checkpoint: it will begin anew"),
        ([3, 12], "its checkpoint is at step 12"),
    ],
)
def test_an_interrupted_run_says_where_its_checkpoint_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], saved: list[int], said: str
) -> None:
    for step in saved:
        state = tmp_path / "checkpoints" / f"step-{step:08d}" / "state.json"
        state.parent.mkdir(parents=True)
        state.touch()
    with pytest.raises(KeyboardInterrupt):
        interrupt(tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mel: stopped")
    assert said in line


def test_a_continued_run_says_where_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLog(tmp_path, 9, 4, name="mel"):
        pass
    assert capsys.readouterr().err == "mel: continuing at step 4 of 9\n"
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"note": "mel: continuing at step 4 of 9"}


def test_a_new_run_that_ends_has_nothing_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLog(tmp_path, 9, 0):
        pass
    assert capsys.readouterr().err == ""


def test_a_quiet_run_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLog(tmp_path, 9, 4, quiet=True):
        pass
    assert list(watched(range(3), "drawing", quiet=True)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("speed", "said"),
    [
        (1234.5, "1.23e+03 clips/s"),
        (7.25, "7.25 clips/s"),
        (1.0, "1 clips/s"),
        (0.02, "50 s/clip"),
        (0.7, "1.43 s/clip"),
    ],
)
def test_no_speed_is_nought(speed: float, said: str) -> None:
    assert pace(speed) == said


def test_what_is_watched_is_told_at_once_and_every_half_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    passed = []
    for item in watched(range(7), "mel: drawing scenes", quiet=False):
        passed.append(item)
        clock[0] += 11
    assert passed == list(range(7))
    assert capsys.readouterr().err.splitlines() == [
        "mel: drawing scenes: 0/7", "mel: drawing scenes: 3/7", "mel: drawing scenes: 6/7"
    ]  # fmt: skip

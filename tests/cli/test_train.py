"""``phonofilm train --from-scratch``: nothing begins that cannot end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phonofilm.training import plan as plans
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def no_work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every step of a plan only says its name."""
    done: list[str] = []
    for name in ("codec", "prepare", "base", "joint", "finish"):
        monkeypatch.setattr(plans, name, lambda plan, *rest, name=name, **named: done.append(name))
    return done


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["svg-tiny", "--stage", "all", "--coupling", "cmcpe"], ["unknown coupling 'cmcpe'", "'cmc-pe'"]),
        (["svg-tiny", "--stage", "all", "bacth=8"], ["unknown training setting 'bacth'", "'batch'"]),
        (["svg-tiny", "--stage", "all", "batch=["], ["'batch=[' is not a setting", "batch=8"]),
        (["svg-small", "--stage", "all"], ["no recipe for svg-small", "tiny"]),
        (["svg-small", "--stage", "codec"], ["no recipe for svg-small"]),
        (["svg-tiny", "--stage", "codec", "clips=9"], ["'clips=9'", "take no settings"]),
    ],
)
def test_mistakes_are_found_before_any_work(
    run: Run, tmp_path: Path, no_work: list[str], arguments: list[str], words: list[str]
) -> None:
    ran = run("train", "--from-scratch", *arguments)
    assert ran.status == 2
    assert all(word in ran.err for word in words), ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert no_work == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "all"], ["--stage all", "add --from-scratch"]),
        (["--stage", "codec"], ["--stage codec", "add --from-scratch"]),
        (["--stage", "jiont"], ["unknown training stage 'jiont'", "'joint'"]),
        (["--coupling", "cmc"], ["--coupling cmc", "add --from-scratch"]),
        (["--coupling", "cmc-pe"], ["--coupling cmc-pe", "leave --coupling out"]),
        (["--workers", "2"], ["--workers 2", "leave --workers out"]),
    ],
)
def test_what_belongs_to_training_from_nothing_is_not_ignored(
    run: Run, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    ran = run("train", "svg-tiny", *arguments)
    assert ran.status == 2
    assert all(word in ran.err for word in words), ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_says_how_to_continue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*rest: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "base", interrupt)
    ran = run("train", "svg-tiny", "--from-scratch", "--stage", "video")
    assert ran.status != 0
    assert "the same command again to go on" in ran.err


@pytest.mark.parametrize("stage", ["codec", "latents", "video", "audio", "joint"])
def test_settings_are_printed_and_nothing_is_trained(run: Run, tmp_path: Path, no_work: list[str], stage: str) -> None:
    ran = run("train", "svg-tiny", "--from-scratch", "--stage", stage, "-o", "r", "--settings", "--coupling", "none")
    assert ran.status == 0, ran.err
    assert list(json.loads(ran.out)) == [stage]
    assert no_work == []
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_whole_plan(run: Run) -> None:
    ran = run("train", "svg-tiny", "--from-scratch", "--stage", "all", "-o", "r", "--settings", "batch=3")
    told = json.loads(ran.out)
    assert list(told) == ["codec", "latents", "video", "audio", "joint"]
    assert list(told["codec"]) == ["picture", "mel", "vocoder"]
    assert told["latents"]["scenes"] > 0
    assert told["joint"]["out"] == "r/joint-cmc-pe"
    assert told["joint"]["model"] == "r/joint-cmc-pe/start"
    assert [told[stage]["batch"] for stage in ("video", "audio", "joint")] == [3, 3, 3]


def test_joint_training_ends_with_the_finished_folder(run: Run, no_work: list[str]) -> None:
    assert run("train", "svg-tiny", "--from-scratch", "--stage", "joint", "--coupling", "none").status == 0
    assert no_work == ["joint", "finish"]
    no_work.clear()
    assert run("train", "svg-tiny", "--from-scratch", "--stage", "all").status == 0
    assert no_work == ["codec", "prepare", "base", "base", "joint", "finish"]

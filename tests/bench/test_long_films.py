"""The bench that kills preparations: its films, its comparison, its moments, and that it goes on where it stopped."""

from __future__ import annotations

import importlib
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from phonofilm.media import probe, read


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("_killing")


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("_films")


@pytest.mark.parametrize("number", range(4))
def test_a_long_film_has_its_rates_and_its_length(
    films: ModuleType, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "SCENES", 2)
    form = films.LONG_FORMS[number]
    path = films.make_long_film(tmp_path / f"film{form.suffix}", form, Fraction(12), 3)
    info = probe(path)
    assert info.video is not None
    assert info.audio is not None
    assert (info.video.fps, info.audio.sample_rate) == (form.fps, form.sample_rate)
    clip = read(path)
    assert clip.frames is not None
    assert clip.audio is not None
    assert len(clip.frames) == 3 * form.frames
    assert clip.audio.shape[1] == 3 * form.frames / form.fps * form.sample_rate
    assert (clip.frames[: form.frames] != clip.frames[form.frames : 2 * form.frames]).any()


def test_what_differs_between_two_preparations_is_named(killing: ModuleType, tmp_path: Path) -> None:
    for place in ("one", "other"):
        (tmp_path / place / "scan-1").mkdir(parents=True)
        (tmp_path / place / "scan-1" / "film.jsonl").write_text("the same")
        (tmp_path / place / "scan-1" / "journal-0-of-1.jsonl").write_text(f"order in {place}")

    def found() -> list[str]:
        return killing.differing(*(killing.contents([tmp_path / place]) for place in ("one", "other")))

    assert found() == []
    (tmp_path / "one" / "scan-1" / ".film.part").write_text("left behind")
    assert found() == []
    assert killing.unfinished([tmp_path / "one", tmp_path / "other"]) == [".film.part"]
    (tmp_path / "one" / "scan-1" / "more.jsonl").write_text("")
    (tmp_path / "other" / "scan-1" / "film.jsonl").write_text("the sam3")
    assert found() == ["0/scan-1/film.jsonl", "0/scan-1/more.jsonl"]


def test_moments_depend_on_seed_and_number_alone_and_fill_the_time(killing: ModuleType) -> None:
    moments = [killing.moment(0, number, 10.0) for number in range(200)]
    assert moments == [killing.moment(0, number, 10.0) for number in range(200)]
    assert moments != [killing.moment(1, number, 10.0) for number in range(200)]
    assert min(moments) < 0.5
    assert 9.5 < max(moments) < 10
    assert len(set(moments)) == 200


def test_a_command_that_takes_too_long_is_killed_with_its_children(
    killing: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import os, subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    )
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{script}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert killing.ended([], tmp_path / "log", 5.0) is None
    child = Path(f"/proc/{(tmp_path / 'log').read_text().strip()}")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and child.exists() and ") Z " not in (child / "stat").read_text():
        time.sleep(0.05)
    assert not child.exists() or ") Z " in (child / "stat").read_text()


def test_a_command_that_ends_gives_its_status(killing: ModuleType, tmp_path: Path) -> None:
    assert killing.ended(["prepare", "stats", tmp_path], tmp_path / "log", 60.0) == 2
    assert "no work folder" in (tmp_path / "log").read_text()


def test_what_was_noted_is_not_made_again_and_settings_may_not_change(killing: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    assert killing.Notes(path, {"films": "3"}).once("a", lambda: 7) == 7
    assert killing.Notes(path, {"films": "3"}).once("a", lambda: 8) == 7
    with pytest.raises(SystemExit, match="another --folder"):
        killing.Notes(path, {"films": "4"})


def test_a_clock_without_time_stops_the_piece(killing: ModuleType) -> None:
    clock = killing.Clock(time.monotonic() + 100)
    assert 90 < clock.left(50) <= 100
    with pytest.raises(killing.OutOfTimeError):
        clock.left(101)
    with pytest.raises(killing.OutOfTimeError):
        killing.Clock(time.monotonic() - 1).left()

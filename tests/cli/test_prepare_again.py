"""What the verbs of ``phonofilm prepare`` say in a work folder whose films, clips or rules have changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def films(noise: Callable[[int], Path], run: Run) -> Path:
    """Two films, scanned and split in ``work``."""
    folder = noise(2)
    assert run("prepare", "scan", folder, "-o", "work").status == 0
    assert run("prepare", "split", "work").status == 0
    return folder


def test_a_work_folder_of_other_films_is_refused_and_stays_as_it_is(run: Run, films: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "a.mkv").write_bytes((films / "0.mkv").read_bytes())
    before = Path("work/plan.json").read_bytes()
    ran = run("prepare", "scan", others, "-o", "work")
    assert ran.status == 2
    assert f"work is of the films in {films}: choose another work folder, or delete this one" in ran.err
    assert Path("work/plan.json").read_bytes() == before


def test_films_that_were_moved_or_are_named_otherwise_keep_their_work_folder(
    run: Run, films: Path, tmp_path: Path
) -> None:
    assert run("prepare", "scan", films / ".." / films.name, "-o", "work").status == 0
    moved = films.rename(tmp_path / "moved")
    assert run("prepare", "scan", moved, "-o", "work").status == 0
    films.mkdir()
    (films / "notes.txt").touch()
    assert run("prepare", "scan", moved, "-o", "work").status == 0


def test_a_stage_that_has_not_run_for_these_clips_is_named_with_its_command(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert run("prepare", "split", "work", "--seconds", "1/2").status == 0
    ran = run("prepare", "stats", "work")
    assert ran.status == 2
    assert "score has not run" in ran.err and "run phonofilm prepare score work" in ran.err
    assert "damaged" not in ran.err


def test_a_part_that_is_no_more_what_its_stage_wrote_is_damaged(run: Run, films: Path) -> None:
    (part, *_) = Path("work").glob("split-*/[0-9a-f]*.jsonl")
    part.write_text("nothing\n")
    ran = run("prepare", "stats", "work")
    assert ran.status == 2
    assert f"{part} is missing or damaged: run phonofilm prepare split again, which mends it" in ran.err


def test_films_that_changed_since_the_scan_are_named_with_the_command(run: Run, films: Path) -> None:
    for name in ("0.mkv", "new1.mkv", "new2.mkv", "new3.mkv"):
        (films / name).write_bytes((films / "1.mkv").read_bytes() + b"\0")
    ran = run("prepare", "pack", "work", "-o", "packed")
    assert ran.status == 2
    assert "0.mkv, new1.mkv, new2.mkv and 1 more" in ran.err
    assert f"run phonofilm prepare scan {films} -o work" in ran.err


def test_films_without_a_clip_that_is_used_are_counted_and_bad_ones_are_named(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert run("prepare", "filter", "work", "--rule", "all_zero").status == 0
    assert "films   0 used of 2\n        2 without a clip that is used\nclips" in run("prepare", "stats", "work").out
    (films / "bad.mkv").write_bytes(b"nothing")
    ran = run("prepare", "scan", films, "-o", "work")
    assert ran.status == 3
    assert "1 of 3 films are bad (bad.mkv), more than --max-bad" in ran.err


def test_measuring_less_than_the_rules_ask_for_is_refused_before_it(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert run("prepare", "filter", "work", "--rule", "not all_zero").status == 0
    before = Path("work/plan.json").read_bytes()
    ran = run("prepare", "score", "work", "--measure", "motion")
    assert ran.status == 2
    assert "the rules of work ask for all_zero, which this would not measure" in ran.err
    assert Path("work/plan.json").read_bytes() == before
    assert run("prepare", "score", "work", "--measure", "level", "--measure", "motion").status == 0

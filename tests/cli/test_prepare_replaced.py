"""What ``phonofilm prepare`` may replace, and what it refuses before anything is replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.preparing import bytes_of

RECIPE = """
name: few
description: Whole films.
films: any
split: {}
score: {measures: [level]}
splits: {kind: shares, seed: 0, shares: {train: 1}}
pack: {fps: 5}
"""
CARD = "{title: Noise, licence: mit}"
RAN = ("prepare", "run", "few.yaml", "films", "-o", "packed", "--workers", "1")


@pytest.fixture
def packed(noise: Callable[[int], Path], run: Run) -> Path:
    """Two films, prepared by a recipe."""
    noise(2)
    Path("few.yaml").write_text(RECIPE)
    ran = run(*RAN)
    assert ran.status == 0, ran.err
    return Path("packed")


def test_a_run_after_films_were_deleted_replaces_nothing_until_it_is_told_to(run: Run, packed: Path) -> None:
    before, plan = bytes_of(packed), Path("packed.work/plan.json").read_bytes()
    film = Path("films/0.mkv").rename("kept.mkv")
    ran = run(*RAN)
    assert ran.status == 2
    assert "films are gone since the scan: 0.mkv: put them back, or go on without them with --force" in ran.err
    assert (bytes_of(packed), Path("packed.work/plan.json").read_bytes()) == (before, plan)
    assert "packed: 1 clip " in run(*RAN, "--force").out
    film.rename("films/0.mkv")
    assert "packed: 2 clips " in run(*RAN).out, "a film that is back is one that was added"
    assert bytes_of(packed) == before
    Path("films/0.mkv").unlink()
    assert run("prepare", "scan", "films", "-o", "packed.work").status == 0
    assert "packed: 1 clip " in run(*RAN).out


def test_clips_of_other_settings_are_replaced_by_force_only(run: Run, packed: Path) -> None:
    before = bytes_of(packed)
    Path("few.yaml").write_text(RECIPE.replace("fps: 5", "fps: 2, size: 16x16"))
    ran = run(*RAN)
    assert ran.status == 2
    assert "packed was made with other settings (pack.fps 5 -> 2, pack.size none -> [16, 16]): " in ran.err
    assert "--force" in ran.err
    assert bytes_of(packed) == before
    ran = run("prepare", "pack", "packed.work", "-o", "packed", "--fps", "5", "--splits", "train=1/2,test=1/2")
    assert ran.status == 2
    assert "other settings (splits.shares.train 1 -> 1/2, splits.shares.test none -> 1/2): " in ran.err
    assert bytes_of(packed) == before
    stale = packed / "latents-0123456789abcdef"
    stale.mkdir()
    (stale / "latents.json").write_text("{}")
    assert f"{stale} is of clips that were replaced: delete it" in run(*RAN, "--force").err
    assert bytes_of(packed) != before
    assert run(*RAN).status == 0


def test_folders_of_other_things_are_no_place_for_clips_or_a_work_folder(run: Run, packed: Path) -> None:
    other = Path("photos")
    other.mkdir()
    (other / "cat.jpg").touch()
    for command in (
        ["scan", "films", "-o", other],
        ["run", "few.yaml", "films", "-o", other],
        ["run", "few.yaml", "films", "-o", "new", "--work", other],
        ["pack", "packed.work", "-o", other, "--force"],
    ):
        ran = run("prepare", *command)
        assert ran.status == 2, command
        assert f"{other} holds other things, cat.jpg the first: name a new folder" in ran.err
    assert sorted(path.name for path in other.iterdir()) == ["cat.jpg"]
    assert not Path("new").exists() and not Path("photos.work").exists()
    (other / "cat.jpg").rename(other / ".hidden")
    assert run("prepare", "scan", "films", "-o", other).status == 0


def test_what_was_packed_and_what_was_published_do_not_mix(run: Run, packed: Path) -> None:
    Path("card.yaml").write_text(CARD)
    assert run("prepare", "publish", packed, "-o", "hub", "--card", "card.yaml").status == 0
    before = bytes_of(Path("hub"))
    for command in (["pack", "packed.work"], ["run", "few.yaml", "films"]):
        ran = run("prepare", *command, "-o", "hub", "--force")
        assert ran.status == 2
        assert "hub was made by phonofilm prepare publish: name another folder with -o" in ran.err
    assert bytes_of(Path("hub")) == before


def test_no_output_lies_among_the_films(run: Run, packed: Path) -> None:
    Path("card.yaml").write_text(CARD)
    before = bytes_of(Path("films"))
    for suffix, command in (
        ("packed", ["pack", "packed.work", "--files"]),
        ("packed", ["run", "few.yaml", "films", "--work", "new"]),
        ("hub", ["publish", packed, "--card", "card.yaml", "--work", "packed.work"]),
    ):
        ran = run("prepare", *command, "-o", "films/inner/out")
        assert ran.status == 2, command
        offered = f"choose another folder, such as {Path('films').resolve()}.{suffix}\n"
        assert "films/inner/out lies in the folder of the films" in ran.err and ran.err.endswith(offered)
    assert bytes_of(Path("films")) == before and not Path("films/inner").exists() and not Path("new").exists()


def test_clips_of_another_form_are_told_with_the_options_that_made_them(run: Run, packed: Path) -> None:
    Path("card.yaml").write_text(CARD)
    form = ["--size", "16x16", "--fps", "5", "--sample-rate", "8000", "--aac", "--files", "--shard-mb", "2"]
    assert run("prepare", "pack", "packed.work", "-o", "small", *form).status == 0
    assert run("prepare", "pack", "packed.work", "-o", "later", "--fps", "2", "--splits", "test=1").status == 0
    before, again = (
        bytes_of(Path("small")),
        ["pack", "packed.work", "-o", "small", "--force", *form, "--splits", "train=1"],
    )
    publish = ["publish", "small", "-o", "hub", "--card", "card.yaml", "--work", "packed.work"]
    for command, end in ((["verify", "packed.work", "--packed", "small"], "\n"), (publish, ", or leave --work out\n")):
        ran = run("prepare", *command)
        assert ran.status == 2
        assert "differ in 2 clips" in ran.err and "small was made with other settings (" in ran.err
        assert "pack.fps 5 -> 2" in ran.err and "pack.size [16, 16] -> none" in ran.err
        assert ran.err.endswith(f": run phonofilm prepare {' '.join(again)}{end}")
    assert not Path("hub").exists()
    assert run("prepare", *again).status == 0
    assert bytes_of(Path("small")) == before
    assert run("prepare", "verify", "packed.work", "--packed", "small").status == 0


def test_numbers_and_pages_replace_nothing_that_belongs_to_a_folder(run: Run, packed: Path) -> None:
    work = Path("packed.work")
    before = bytes_of(Path())
    for file in (work / "plan.json", work / "made.json", work / "report.html", packed / "shard-000009.tar"):
        ran = run("prepare", "stats", work, "-o", file, "--force")
        assert ran.status == 2, file
        assert f"{file} is not free, {file.name} belongs to {file.parent.resolve()}: " in ran.err
    (stage,) = work.glob("split-*")
    assert f"{stage} is not free" in run("prepare", "report", work, "-o", stage).err
    assert bytes_of(Path()) == before
    assert run("prepare", "stats", work, "-o", work / "stats.json").status == 0

"""What may be asked of a preparation that has ended: what became of it, whether it is whole, and what is made of it."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.cli import main
from phonofilm.data.ingest.outcome import outcome
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.data.ingest.workspace import Workspace
from phonofilm.data.packed.folder import Packed
from phonofilm.media.clip import Clip
from tests.cli.conftest import Run

RECIPE = """
name: tiny
description: One-second clips.
films: any
split: {seconds: 1}
score: {measures: [loudness]}
caption: {required: false}
splits: {kind: shares, seed: 0, shares: {train: 1}}
pack: {shard_bytes: 1}
expects: [{of: clips, count: 7, cite: here}]
"""
FPS, RATE = 5, 8000
SECONDS = {"one.mp4": 2, "other.mp4": 3}
CARD = "{title: Tiny, licence: mit, description: Noise.}"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films of noise, prepared by a recipe."""
    folder = tmp_path_factory.mktemp("prepared")
    rng = np.random.default_rng(0)
    (folder / "films").mkdir()
    for name, seconds in SECONDS.items():
        frames = rng.integers(0, 256, (FPS * seconds, 16, 16, 3), np.uint8)
        sound = rng.uniform(-0.5, 0.5, (1, RATE * seconds)).astype(np.float32)
        Clip(frames, sound, Fraction(FPS), RATE).save(folder / "films" / name)
    (folder / "tiny.yaml").write_text(RECIPE)
    command = ["prepare", "run", folder / "tiny.yaml", folder / "films", "-o", folder / "out", "--workers", "1"]
    main([*map(str, command)])
    return folder


@pytest.fixture
def prepared(once: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(once, tmp_path / "prepared")


@pytest.fixture
def work(prepared: Path) -> Path:
    """Where a film could not be cut."""
    space = Workspace.open(prepared / "out.work")
    (job,) = (name for name, film in space.to_cut(space.ledger()).items() if film.row.path == "one.mp4")
    space.parts(space.cutting).keep(job, Failure(reason=Reason.DAMAGED, message="its pictures stop"))
    return prepared / "out.work"


def test_a_film_that_could_not_be_cut_is_counted_and_explained(run: Run, work: Path, prepared: Path) -> None:
    counted = run("prepare", "stats", work).out.splitlines()
    assert counted[0].split() == ["films", "1", "used", "of", "2"]
    assert "1 left out at cut: damaged" in counted[1]
    assert [line.split() for line in counted if line.startswith("clips")] == [["clips", "3", "used", "of", "5"]]
    film = run("prepare", "explain", work, "one.mp4").out
    assert film.count("left out by cut (damaged): its pictures stop") == SECONDS["one.mp4"]
    assert "it is in" not in run("prepare", "explain", work, film.split("clip ")[1].split(":")[0]).out
    assert run("prepare", "report", work, "--workers", "1").status == 0
    assert "its pictures stop" in (work / "report.html").read_text(encoding="utf-8")
    Path("card.yaml").write_text(CARD)
    published = run("prepare", "publish", prepared / "out", "-o", "hub", "--card", "card.yaml", "--work", work)
    assert published.status == 0, published.err
    assert "damaged" in Path("hub/README.md").read_text(encoding="utf-8")


def test_cutting_that_has_not_ended_says_what_it_knows(work: Path) -> None:
    space = Workspace.open(work)
    (done,) = (name for name, film in space.to_cut(space.ledger()).items() if film.row.path == "other.mp4")
    space.parts(space.cutting).forget([done])
    assert [row.path for row, _ in outcome(space).lost] == ["one.mp4"]
    assert len(outcome(space).used) == SECONDS["other.mp4"]


def test_a_packed_clip_is_explained_with_its_place(run: Run, prepared: Path) -> None:
    entry = Packed(prepared / "out").entries()[2]
    member = entry.wanted("mp4").member
    told = run("prepare", "explain", prepared / "out.work", entry.clip_id).out
    place = f"{prepared / 'out' / member.file}, bytes {member.offset} to {member.offset + member.size}: .mp4"
    assert f"pack     {place}\n" in told
    (prepared / "out" / "index.parquet").unlink()
    assert "pack " not in run("prepare", "explain", prepared / "out.work", entry.clip_id).out


def test_the_page_drawn_again_is_the_recipe_s_until_the_plan_is_another(run: Run, prepared: Path) -> None:
    work = prepared / "out.work"
    first = (work / "report.html").read_bytes()
    (work / "report.html").unlink()
    assert run("prepare", "report", work, "--workers", "1").status == 0
    assert (work / "report.html").read_bytes() == first
    assert b"tiny should have 7 clips and has 5" in first
    assert run("prepare", "filter", work, "--rule", "lufs > -99").status == 0
    assert run("prepare", "report", work, "--workers", "1").status == 0
    assert b"should have 7 clips" not in (work / "report.html").read_bytes()

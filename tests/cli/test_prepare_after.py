"""What may be asked of a preparation that has ended: what became of it, whether it is whole, and what is made of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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
from phonofilm.data.packed.rows import PackedClip
from phonofilm.data.packed.shards import Sample, pack
from phonofilm.media.clip import Clip
from tests.cli.conftest import Run
from tests.data.packed.packs import sample
from tests.tiny import save_tiny_model

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
    other = run("prepare", "explain", work, "other.mp4").out.split("clip ")[1].split(":")[0]
    assert "cut      in; 5 frames of 16x16, 8000 samples at 8000 Hz" in run("prepare", "explain", work, other).out
    assert run("prepare", "report", work, "--workers", "1").status == 0
    assert "its pictures stop" in (work / "report.html").read_text(encoding="utf-8")
    unstated = run("prepare", "publish", prepared / "out", "-o", "hub", "--card", "card.yaml")
    assert unstated.status == 2 and "card.yaml is not there: write it as in docs/prepare.md" in unstated.err
    Path("card.yaml").write_text(CARD)
    stranger = run("prepare", "publish", prepared / "out", "-o", "hub", "--card", "card.yaml", "--work", work)
    assert stranger.status == 2 and "differ in 2 clips, first in " in stranger.err
    assert stranger.err.endswith(
        f": run phonofilm prepare pack {work} -o {prepared / 'out'} --force, or leave --work out\n"
    )
    assert not Path("hub").exists()
    pack = ["prepare", "pack", work, "-o", prepared / "out", "--workers", "1", "--max-bad", "1", "--force"]
    assert "3 clips" in run(*pack).out
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


def test_a_folder_in_the_way_is_told_before_the_work(run: Run, prepared: Path) -> None:
    work, other = prepared / "out.work", shutil.copytree(prepared / "out", prepared / "other")
    before = {path.name for path in work.iterdir()}, (work / "plan.json").read_bytes()
    ran = run("prepare", "pack", work, "-o", other, "--fps", "1", "--workers", "1")
    assert ran.status == 2
    assert "exists already" in ran.err
    assert ({path.name for path in work.iterdir()}, (work / "plan.json").read_bytes()) == before


def test_a_packed_folder_that_agrees_with_itself_but_not_with_the_work_is_found(run: Run, prepared: Path) -> None:
    work, out = prepared / "out.work", prepared / "out"
    verify = ["prepare", "verify", work, "--workers", "1", "--packed"]
    whole = run(*verify, out)
    assert whole.status == 0, whole.err
    assert f"are those of {work}" in whole.out
    clips = dict(packed_clips(out))
    first, second, *_ = clips
    for name, changed in {
        "fewer": {key: film for key, film in clips.items() if key != first},
        "more": {**clips, "clip": clips[first]},
        "swapped": {**clips, first: clips[second]},
    }.items():
        pack(
            [Sample(clip.model_copy(update={"clip_id": key}), film) for key, (clip, film) in changed.items()],
            out / name,
        )
        ran = run(*verify, out / name)
        assert ran.status == 2, name
        assert f"differ in 1 clip, first in {'clip' if name == 'more' else first}: " in ran.err
        assert f"was not packed from {work}, or changed since" in ran.err and "--force" not in ran.err
        assert "library:" not in ran.out, "it is said before the work"
    assert run("prepare", "filter", work, "--rule", "lufs > 99").status == 0
    changed = run(*verify, out)
    assert changed.status == 2
    assert f"differ in 5 clips, first in {min(clips)}: {out} was made with other settings (filter.rules" in changed.err
    assert changed.err.endswith(f"): run phonofilm prepare pack {work} -o {out} --force\n")


def test_damage_is_status_3_wherever_it_is_and_all_of_it_is_named(run: Run, prepared: Path) -> None:
    work, out = prepared / "out.work", prepared / "out"
    (lost, *_) = sorted(work.glob("cut-*/*/*.mp4"))
    (shard, *_) = sorted(out.glob("shard-*.tar"))
    lost.rename(prepared / "lost.mp4")
    data = shard.read_bytes()
    shard.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])
    verify = ["prepare", "verify", work, "--workers", "1", "--packed", out]
    both = run(*verify)
    assert both.status == 3
    assert "clips of 1 film are missing (" in both.out and ".mp4): run phonofilm prepare pack again\n" in both.out
    assert shard.name in both.err and "are as the index says" not in both.out
    shard.write_bytes(data)
    missing = run(*verify)
    assert missing.status == 3 and "are as the index says" in missing.out
    (prepared / "lost.mp4").rename(lost)
    assert run(*verify).status == 0


def packed_clips(folder: Path) -> Iterator[tuple[str, tuple[PackedClip, bytes]]]:
    """The clips of a packed folder, by their names, with their films."""
    content = Packed(folder)
    for entry in content.entries():
        record, film = content.files.read([entry.wanted("json"), entry.wanted("mp4")])
        yield entry.clip_id, (PackedClip.model_validate_json(record), film)


def test_shares_of_shards_are_encoded_apart(run: Run, tmp_path: Path) -> None:
    model, out, shards = save_tiny_model(tmp_path / "model"), tmp_path / "out", 3
    pack([sample(number, 2, silent=number == 1) for number in range(shards)], out, shard_bytes=1)
    command = ["prepare", "encode", out, "--model", model, "--device", "cpu"]
    for share in ("1/2", "0/2"):
        ran = run(*command, "--shard", share)
        assert ran.status == 0, ran.err
        assert f"share {share} is encoded" in ran.out
        assert not list(out.glob("latents-*/index.parquet"))
    made = {path.name: path.stat().st_mtime_ns for path in out.glob("latents-*/shard-*.tar")}
    assert len(made) == shards
    ran = run(*command)
    assert ran.status == 0, ran.err
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("latents-*/shard-*.tar")} == made
    assert len(list(out.glob("latents-*/index.parquet"))) == 1
    assert ran.out.endswith(f"latents={out} split=train\n")
    assert f"latents={out} split=train leave_short=true" in run(*command, "--leave-short").out
    assert "'cuad'" in run(*command[:-2], "--device", "cuad").err
    assert "--shard 2/2" in run(*command, "--shard", "2/2").err

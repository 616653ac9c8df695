"""``phonofilm prepare`` from a folder of films to packed clips, in one command and verb by verb."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from phonofilm.data.ingest import joining
from phonofilm.data.ingest.locking import at_work
from phonofilm.data.ingest.recipe import read_recipe
from phonofilm.data.ingest.stage import Shard
from phonofilm.data.packed.folder import Packed
from tests.cli.conftest import Run
from tests.cli.preparing import bytes_of


def test_a_recipe_gives_clips_with_captions_subsets_and_a_report(prepared: Path, films: Path) -> None:
    packed = Packed(prepared / "out")
    entries = packed.entries()
    assert len(entries) == 3 + 5  # the silent film has no clip that the rule keeps
    assert {entry.caption for entry in entries} == {"rain", "bells"}
    assert sorted({entry.split for entry in entries}) in (["test"], ["test", "train"], ["train"])
    assert all(entry.video is not None and entry.video.frames == 8 for entry in entries)
    assert all(entry.audio is not None and entry.audio.samples == 16000 for entry in entries)
    page = (prepared / "out.work" / "report.html").read_text(encoding="utf-8")
    for word in ("unreadable", "duplicate", "rule", "small should have 11 clips and has 8"):
        assert word in page


def test_the_jobs_of_an_array_do_all_but_packing_and_none_waits_for_another(
    run: Run, films: Path, prepared: Path, tmp_path: Path
) -> None:
    command = ["prepare", "run", prepared / "small.yaml", films, "-o", tmp_path / "out", "--workers", "1"]
    for share in ("2/3", "0/3", "1/3"):
        ran = run(*command, "--shard", share)
        assert ran.status == 0, ran.err
        assert f"share {share} is cut" in ran.out
        assert not (tmp_path / "out").exists()
    journals = list(tmp_path.glob("*.work/scan-*/journal*"))
    scanned = [len(path.read_text().splitlines()) for path in journals]
    assert len(journals) > 1
    assert sum(scanned) == 5
    ran = run(*command, "--max-bad", "0.5")
    assert ran.status == 0, ran.err
    assert "5 films, 2 used (left out: " in ran.out and "1 without a clip that is used" in ran.out
    assert not list(tmp_path.glob("*.work/*/journal-0-of-1.jsonl")), "nothing was left to do"
    assert bytes_of(tmp_path / "out") == bytes_of(prepared / "out")


def test_both_decoders_find_every_clip_in_its_film(run: Run, prepared: Path) -> None:
    ran = run("prepare", "verify", prepared / "out.work", "--decoder", "both", "--packed", prepared / "out")
    assert ran.status == 0, ran.err
    assert ran.out.count("8 clips, 8 could be judged") == 2
    assert "16 files are as the index says" in ran.out


def test_a_cut_file_that_was_lost_or_changed_is_found_and_made_again(
    run: Run, films: Path, prepared: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared, tmp_path / "p")
    work, out = tmp_path / "p" / "out.work", tmp_path / "p" / "out"
    again = ["prepare", "run", prepared / "small.yaml", films, "-o", out, "--workers", "1", "--max-bad", "0.5"]
    assert run("prepare", "verify", work).status == 0
    lost, changed = sorted(work.glob("cut-*/*/*.mp4"))[:2]
    changed.write_bytes(lost.read_bytes())
    spoilt = run("prepare", "verify", work)
    assert spoilt.status == 3
    assert changed.stem in spoilt.out
    assert run(*again).status == 0
    assert bytes_of(out) == bytes_of(prepared / "out"), "what was changed is not packed"
    lost.unlink()
    missing = run("prepare", "verify", work)
    assert missing.status == 3
    assert "clips of 1 film are missing" in missing.out and "phonofilm prepare pack" in missing.out
    assert run(*again).status == 0
    assert run("prepare", "verify", work).status == 0
    assert bytes_of(out) == bytes_of(prepared / "out")


def test_only_a_packed_folder_of_its_own_is_replaced_without_force(
    run: Run, films: Path, prepared: Path, tmp_path: Path
) -> None:
    """Another run's work folder is no excuse, nor is one's own where another run has packed there since."""
    out = shutil.copytree(prepared / "out", tmp_path / "copy")
    shutil.copytree(prepared / "out.work", tmp_path / "copy.work")
    again = ["prepare", "run", prepared / "small.yaml", films, "-o", out, "--workers", "1", "--max-bad", "0.5"]
    assert run("prepare", "scan", films, "-o", "other", "--workers", "1", "--max-bad", "1").status == 0
    for options in (["--work", "other"], []):  # the copy is none that this work folder made
        ran = run(*again, *options)
        assert ran.status == 2
        assert "index.parquet exists already" in ran.err
        assert "--force" in ran.err
    assert bytes_of(out) == bytes_of(prepared / "out")
    assert not list(Path("other").glob("split-*")), "it is said before the work, not after"
    assert run(*again, "--force").status == 0
    assert run(*again).status == 0  # now it is
    index = out / "index.parquet"
    index.write_bytes(index.read_bytes() + b" ")
    assert run(*again).status == 2


def test_a_packed_clip_that_was_changed_is_found(run: Run, prepared: Path, tmp_path: Path) -> None:
    for name, data in bytes_of(prepared / "out").items():
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / name).write_bytes(data)
    shard = tmp_path / "p" / "shard-000000.tar"
    data = bytearray(shard.read_bytes())
    data[2000] ^= 1
    shard.write_bytes(data)
    (tmp_path / "p" / "index.parquet").rename("index.parquet")
    assert run("prepare", "verify", prepared / "out.work", "--packed", "p").status == 2, "it is no packed folder"
    Path("index.parquet").rename(tmp_path / "p" / "index.parquet")
    ran = run("prepare", "verify", prepared / "out.work", "--packed", "p")
    assert ran.status == 3
    assert "shard-000000.tar" in ran.err


def test_stats_and_explain_say_what_became_of_films(run: Run, prepared: Path) -> None:
    work = prepared / "out.work"
    assert run("prepare", "stats", work, "-o", "numbers.json").status == 0
    numbers = json.loads(Path("numbers.json").read_text())
    assert (numbers["sources"], numbers["sources_used"], numbers["clips"], numbers["clips_used"]) == (5, 2, 12, 8)
    assert "the same bytes as bells/2.mp4" in run("prepare", "explain", work, "rain/copy.mp4").out
    silent = run("prepare", "explain", work, "rain/1.mp4").out
    assert silent.count("all_zero is true, the rule asks not all_zero") == 4


def test_too_many_bad_films_are_status_3(run: Run, films: Path) -> None:
    ran = run("prepare", "scan", films, "-o", "w", "--max-bad", "0.1", "--workers", "1")
    assert ran.status == 3
    assert "1 of 5 films are bad (bad.mp4)" in ran.err
    assert "5 films, 3 used (left out: " in ran.out


@pytest.mark.parametrize(
    "verb",
    [["scan"], ["split", "--seconds", "2"], ["score", "--ray", "auto"], ["pack", "-o", "packed"], ["run"], ["verify"]],
)
def test_a_second_run_in_a_work_folder_is_refused_and_changes_nothing(
    run: Run, prepared: Path, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    monkeypatch.setattr(joining, "joined", lambda address, workers: nullcontext())  # as if there were a cluster
    work = shutil.copytree(prepared / "out.work", tmp_path / "work")
    before = bytes_of(work)
    name, *rest = verb
    arguments = {
        "scan": [films, "-o", work, "--silent"],
        "run": [prepared / "small.yaml", films, "-o", prepared / "out", "--work", work, "--force"],
    }.get(name, [work, *rest])
    with at_work(work, Shard()):
        ran = run("prepare", name, *arguments)
    assert ran.status == 2
    assert f"another run is at work in {work}" in ran.err
    assert {path: data for path, data in bytes_of(work).items() if path in before} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan", "nowhere", "-o", "w"], ["nowhere", "folder"]),
        (["split", "nowhere"], ["nowhere is no work folder", "phonofilm prepare scan"]),
        (["run", "vgsound", "films", "-o", "o"], ["unknown recipe 'vgsound'", "'vggsound'"]),
        (["run", "no.yaml", "films", "-o", "o"], ["no.yaml"]),
        (["verify", "nowhere"], ["no work folder"]),
    ],
)
def test_mistakes_are_one_sentence(run: Run, arguments: list[str], words: list[str]) -> None:
    ran = run("prepare", *arguments)
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["filter", "--rule", "motoin > 1"], ["'motoin'", "'motion'"]),
        (["filter", "--rule", "import os"], ["is no rule"]),
        (["score", "--measure", "loudnes"], ["'loudnes'", "'loudness'"]),
        (["caption", "--from", "foldr"], ["'foldr'", "'folder'"]),
        (["caption", "--url", "http://x/v1"], ["--model"]),
        (["split", "--seconds", "0"], ["seconds must be at least 1/1000 (got 0)"]),
        (["split", "--seconds", "1e-9"], ["seconds must be at least 1/1000 (got 1/1000000000)"]),
        (["split", "--stride", "1"], ["stride needs seconds, the length of a clip"]),
        (["split", "--stride", "1", "--scenes"], ["stride needs seconds, the length of a clip"]),
        (["caption", "--sound"], ["--sound is of a model that is asked: add --url and --model"]),
        (["caption", "--from", "folder", "--prompt", "What?"], ["--prompt is of a model that is asked"]),
        (["filter", "--no-rules", "--missing", "keep"], ["--missing is of rules: add --rule"]),
        (["score", "--list", "--plugin", "own.py:One"], ["--plugin is of measuring: leave out --list"]),
        (["stats", "--force"], ["--force is of a file: add -o"]),
        (["split", "--shard", "3/3"], ["--shard 3/3", "0/16"]),
        (["pack", "-o", "p", "--size", "64"], ["size must be HEIGHTxWIDTH, for example 256x256 (got '64')"]),
        (["pack", "-o", "p", "--splits", "train"], ["--splits train", "train=0.9,validation=0.05,test=0.05"]),
        (["pack", "-o", "p", "--splits", "train=1/2,val=1/2"], ["'train', 'validation' or 'test' (got 'val')"]),
        (["pack", "-o", "p", "--splits", "train=0.9"], ["sum to 1"]),
        (["pack", "-o", "p", "--seed", "1"], ["add --splits"]),
    ],
)
def test_mistakes_of_the_later_verbs_are_one_sentence(
    run: Run, prepared: Path, arguments: list[str], words: list[str]
) -> None:
    plan = (prepared / "out.work" / "plan.json").read_bytes()
    verb, *rest = arguments
    ran = run("prepare", verb, prepared / "out.work", *rest)
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1, ran.err
    for word in words:
        assert word in ran.err
    assert (prepared / "out.work" / "plan.json").read_bytes() == plan


def test_recipes_are_listed(run: Run) -> None:
    ran = run("prepare", "recipes")
    for name in ("greatest-hits", "landscape", "vggsound", "concerts-around-the-globe", "call-of-duty"):
        assert f"{name}\n" in ran.out
    shown = run("prepare", "recipes", "--show", "landscape")
    assert "name: landscape\n" in shown.out and "licence:" in shown.out
    Path("my.yaml").write_text(shown.out, encoding="utf-8")
    assert read_recipe("my.yaml") == read_recipe("landscape")
    assert "did you mean 'landscape'" in run("prepare", "recipes", "--show", "landscap").err

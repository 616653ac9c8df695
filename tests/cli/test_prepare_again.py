"""What the verbs of ``phonofilm prepare`` say in a work folder whose films, clips or rules have changed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from phonofilm.data.ingest.filter import Filtering, Missing
from phonofilm.data.ingest.measures import measures
from phonofilm.data.ingest.subsets import Shares, Subset, assign
from phonofilm.data.ingest.workspace import Workspace
from phonofilm.data.packed.folder import Packed
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


def test_a_scan_that_is_refused_makes_no_folder(run: Run, noise: Callable[[int], Path]) -> None:
    folder = noise(1)
    for place in (folder, folder / "inner" / "work"):
        ran = run("prepare", "scan", folder, "-o", place)
        assert ran.status == 2
        assert f"{place} lies in the folder of the films" in ran.err and f"such as {folder}.work" in ran.err
    Path("none").mkdir()
    assert "none holds no films" in run("prepare", "scan", "none", "-o", "work").err
    assert "gone is no folder" in run("prepare", "scan", "gone", "-o", "work").err
    assert sorted(path.name for path in Path().rglob("*")) == ["0.mkv", "films", "none"]
    assert run("prepare", "scan", folder, "-o", f"{folder}.work").out == f"{folder}.work: 1 film, 1 used\n"


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
    lacking = "score has not run since it or split changed: run phonofilm prepare score work"
    ran = run("prepare", "pack", "work", "-o", "packed")
    assert ran.status == 2
    assert lacking in ran.err
    assert "damaged" not in ran.err


def test_what_the_stages_that_ran_said_is_shown_and_the_one_that_did_not_is_named(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert run("prepare", "caption", "work", "--optional").status == 0
    assert run("prepare", "split", "work", "--seconds", "1/3").status == 0
    lacking = "phonofilm: warning: score has not run since it or split changed: run phonofilm prepare score work\n"
    counted = run("prepare", "stats", "work")
    assert (counted.status, counted.err) == (0, lacking)
    assert "clips   6 used of 6\n" in counted.out
    told = run("prepare", "explain", "work", "0.mkv")
    assert (told.status, told.err) == (0, lacking)
    assert told.out.count("clip ") == 3
    drawn = run("prepare", "report", "work", "--workers", "1")
    assert drawn.status == 0 and lacking in drawn.err
    assert lacking.strip().rpartition("warning: ")[2] in Path("work/report.html").read_text(encoding="utf-8")
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert "caption has not run" in run("prepare", "stats", "work").err
    assert run("prepare", "explain", "work", told.out.split("clip ")[1].split(":")[0]).out.count("rms: ") == 1
    assert run("prepare", "caption", "work", "--optional").status == 0
    assert run("prepare", "stats", "work").err == ""


def test_the_words_beside_a_copy_are_found_and_it_is_no_film_of_its_own(run: Run, films: Path) -> None:
    (films / "copy.mkv").write_bytes((films / "0.mkv").read_bytes())
    (films / "copy.txt").write_text("a bell rings")
    assert run("prepare", "scan", films, "-o", "work").status == 0
    assert run("prepare", "split", "work").status == 0
    assert run("prepare", "caption", "work").status == 0
    clips = [run("prepare", "explain", "work", name).out.partition("clip ")[2] for name in ("0.mkv", "1.mkv")]
    told = [run("prepare", "explain", "work", clip.partition(":")[0]).out for clip in clips]
    assert "'a bell rings' (beside)" in told[0] and "no source of captions knows 1.mkv" in told[1]
    copy = run("prepare", "explain", "work", "copy.mkv").out
    assert "left out (duplicate): the same bytes as 0.mkv" in copy
    assert "clip " not in copy


def test_a_scan_alone_is_shown(run: Run, noise: Callable[[int], Path]) -> None:
    assert run("prepare", "scan", noise(2), "-o", "work").status == 0
    for verb in (["stats", "work"], ["explain", "work", "0.mkv"], ["report", "work", "--workers", "1"]):
        ran = run("prepare", *verb)
        assert ran.status == 0
        assert "split has not run: run phonofilm prepare split work" in ran.err


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


def test_films_that_are_gone_since_the_scan_are_named_until_it_runs_again(run: Run, films: Path) -> None:
    for number in range(2, 5):
        (films / f"{number}.mkv").write_bytes((films / "0.mkv").read_bytes() + b"\0" * number)
    (films / "bad.mkv").write_bytes(b"nothing")
    scan = ["prepare", "scan", films, "-o", "work", "--max-bad", "1"]
    assert run(*scan).status == 0
    for name in ("0.mkv", "2.mkv", "3.mkv", "4.mkv", "bad.mkv"):
        (films / name).unlink()
    ran = run("prepare", "split", "work")
    assert ran.status == 2
    assert "films are gone since the scan: 0.mkv, 2.mkv, 3.mkv and 1 more: run phonofilm prepare scan" in ran.err
    (films / "1.mkv").rename(films / "renamed.mkv")
    assert (
        "or it did not end: renamed.mkv; gone: 0.mkv, 1.mkv, 2.mkv and 2 more: run"
        in run("prepare", "split", "work").err
    )
    assert run(*scan).status == 0
    assert run("prepare", "split", "work").status == 0
    (films / "renamed.mkv").rename(films / "1.mkv")  # it is back as it was
    assert "run phonofilm prepare scan" in run("prepare", "split", "work").err
    assert run(*scan).status == 0
    assert run("prepare", "split", "work").out == "work: 1 film, 1 used; 1 clip, 1 used\n"


def test_films_without_a_clip_that_is_used_are_counted_and_bad_ones_are_named(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert run("prepare", "filter", "work", "--rule", "all_zero").status == 0
    bare = "films   0 used of 2\n        2 without a clip that is used: 0.mkv, 1.mkv\nclips"
    assert bare in run("prepare", "stats", "work").out
    assert "work: 2 films, 0 used (left out: 2 without a clip that is used); " in run("prepare", "filter", "work").out
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


def test_rules_in_force_stay_until_they_are_replaced_or_taken_back(run: Run, films: Path) -> None:
    assert run("prepare", "score", "work", "--measure", "level").status == 0
    assert "--missing is of rules: add --rule" in run("prepare", "filter", "work", "--missing", "keep").err
    given = ["--rule", "peak < -99 and not all_zero", "--rule", "rms < -99"]
    first = run("prepare", "filter", "work", *given)
    assert first.out.splitlines()[:3] == [
        "peak < -99: 2 of 2 clips judged, 2 left out, 0 by this rule alone",
        "not all_zero: 2 of 2 clips judged, 0 left out, 0 by this rule alone",
        "rms < -99: 2 of 2 clips judged, 2 left out, 0 by this rule alone",
    ]
    assert "2 clips, 0 used (left out: 2 rule)" in first.out
    assert run("prepare", "filter", "work").out == first.out
    kept = run("prepare", "filter", "work", "--missing", "keep")
    assert kept.out == first.out
    assert Workspace.open(Path("work")).plan.filter == Filtering(rules=given[1::2], missing=Missing.KEEP)
    assert "not both" in run("prepare", "filter", "work", "--no-rules", *given).err
    assert run("prepare", "filter", "work", "--no-rules").out == "work: 2 films, 2 used; 2 clips, 2 used\n"
    assert Workspace.open(Path("work")).plan.filter == Filtering()


def test_the_measures_are_listed_with_their_meanings(run: Run) -> None:
    listed = run("prepare", "score", "--list").out
    for name, measure in measures().items():
        assert f"  {name:<20} {measure.meaning}\n" in listed
    assert "imagebind, synchformer" in listed
    assert "no work folder is named" in run("prepare", "score").err
    assert run("prepare", "score", "--list", "--measure", "stereo").out.count("\n") == 2
    assert "'stereo'" in run("prepare", "score", "--list", "--measure", "sterio").err


def test_splits_are_drawn_when_packing_and_stay_until_others_are_told(run: Run, films: Path, model: Path) -> None:
    pack = ["prepare", "pack", "work", "-o", "packed"]
    assert "packed: 2 clips\n" in run(*pack).out
    train = ["train", model, "--stage", "joint", "latents=packed", "split=val"]
    assert "no clips of the split 'val': name none, or pack it again with --splits" in run(*train).err
    shares = ["--splits", "train=0.5,test=0.5", "--seed", "1"]
    assert "packed: 2 clips (1 train, 1 test)\n" in run(*pack, *shares, "--force").out
    assert "no clips of the split 'val': choose one of test, train" in run(*train).err
    drawn = {entry.clip_id: entry.split for entry in Packed("packed").entries()}
    assert "(1 train, 1 test)" in run(*pack).out
    assert drawn == {entry.clip_id: entry.split for entry in Packed("packed").entries()}
    space = Workspace.open(Path("work"))
    given = Shares(seed=1, shares={Subset.TRAIN: Fraction(1, 2), Subset.TEST: Fraction(1, 2)})
    assert space.plan.splits == given
    assert assign(given, films, space.sources) == {clip.source_id: drawn[clip.clip_id] for clip in space.ledger().used}
    assert "packed: 2 clips (2 train)\n" in run(*pack, "--splits", "train=1", "--force").out
    few = run(*pack, "--splits", "train=0.9,test=0.1", "--force")
    assert "packed: 2 clips (2 train)\n" in few.out
    assert few.err == "phonofilm: warning: the split test has no clip: ask for a larger share or films of it\n"
    assert "test        0 films, 0 clips\n" in run("prepare", "stats", "work").out
    together = run(*pack, "--force", "--splits", "train=0.5,test=0.5", "--video", r"\d(\.mkv)").out
    assert "packed: 2 clips (2 " in together, "pieces of one video are not parted"

"""``phonofilm prepare caption`` and lists that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from phonofilm.data.ingest.workspace import Workspace
from tests.cli.conftest import Run


def test_captions_that_are_refused_change_nothing_and_lists_are_found_in_both_places(
    run: Run, noise: Callable[[int], Path]
) -> None:
    folder = noise(2)
    assert run("prepare", "scan", folder, "-o", "work").status == 0
    assert run("prepare", "split", "work").status == 0
    plan, caption = Path("work/plan.json"), ("prepare", "caption", "work", "--workers", "1", "--from")
    before = plan.read_bytes()
    Path("here.csv").write_text("path,text\n0,rain\n")
    (folder / "beside.csv").write_text("path,caption\n0,rain, then a bell\n")
    for name, problem in {
        "none.csv": f"there is no list none.csv, neither in {folder} nor here",
        "here.csv": "here.csv lacks the column caption; it has path, text: rename the one that holds it",
        "beside.csv": "beside.csv, line 2 has more cells than the header",
    }.items():
        ran = run(*caption, f"list:{name}")
        assert ran.status == 2
        assert problem in ran.err
        assert plan.read_bytes() == before
        assert not list(Path("work").glob("caption-*"))
    Path("here.csv").write_text("path,caption\n0,rain\n01,rain\n")
    ran = run(*caption, "list:here.csv")
    assert ran.status == 0
    assert "warning: 1 of 2 entries of " in ran.err and "here.csv name no film here: 01\n" in ran.err
    assert "2 clips, 1 used (left out: 1 no_caption)" in ran.out
    assert {row.text for row in Workspace.open(Path("work")).ledger().captions} == {"rain", ""}


def test_no_clip_that_is_used_is_told_with_the_reasons(run: Run, noise: Callable[[int], Path]) -> None:
    folder = noise(3)
    (folder / "0.mkv").write_bytes(b"nothing")
    assert run("prepare", "scan", folder, "-o", "work", "--max-bad", "1").status == 0
    left = run("prepare", "explain", "work", "0.mkv")
    assert "left out (unreadable)" in left.out and left.err == "", "no later stage is about it"
    assert "split has not run" in run("prepare", "explain", "work", "1.mkv").err
    assert run("prepare", "split", "work").status in (0, 3)
    run("prepare", "caption", "work", "--workers", "1")
    ran = run("prepare", "pack", "work", "-o", "packed")
    assert ran.status == 2
    films = "3 films, 0 used (left out: 2 without a clip that is used, 1 unreadable)"
    assert f"no clip that is used: {films}; 2 clips, 0 used (left out: 2 no_caption)" in ran.err

"""Scoring from the command line: what was read of a film is kept where one says, and found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phonofilm.metrics import kind, names
from tests.cli.conftest import Run


def test_what_was_read_is_kept_and_found_again(
    run: Run, noise: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, cache = noise(3), tmp_path / "cache"
    monkeypatch.setenv("PHONOFILM_CACHE", str(cache))
    asked = ["score", films, "--metric", "avalign-svg", "-o"]
    assert run(*asked, "none.json", "--no-cache").status == 0
    assert not cache.exists()
    assert run(*asked, "first.json").status == 0
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.npz")}
    assert len(kept) == 3 * 3, "facts, onsets and flow of each film"
    elsewhere = tmp_path / "elsewhere"
    films.rename(elsewhere)  # the bytes count, not the names
    again = run("score", elsewhere, "--metric", "avalign-svg", "-o", "again.json", "--workers", "2")
    assert again.status == 0
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.npz")} == kept
    scores = [json.loads((tmp_path / f"{name}.json").read_text())["scores"] for name in ("none", "first", "again")]
    assert scores[0] == scores[1] == scores[2]
    assert scores[0]["avalign-svg"]["n"] == 3


def test_a_cache_that_cannot_be_written_is_no_fault_of_the_films(
    run: Run, noise: Callable[[int], Path], tmp_path: Path
) -> None:
    films, taken = noise(2), tmp_path / "taken"
    taken.write_text("a file")
    for workers in (1, 2):
        ran = run("score", films, "--skip-bad", "--cache", taken, "--workers", workers)
        assert ran.status == 2
        assert "readings cannot be kept" in ran.err and "--no-cache" in ran.err and str(taken) in ran.err
        assert "-o" not in ran.err.split(), "the cache is no output"
        assert not (tmp_path / "scores.json").exists()


def test_list_says_of_every_metric_what_it_is_and_needs(run: Run) -> None:
    listed = run("score", "--list")
    assert listed.status == 0
    metrics, _, weights = listed.out.partition("\n\nWeights of others, for --weights NAME=PATH:\n\n")
    blocks = metrics.split("\n\n")
    assert [block.partition("@")[0] for block in blocks] == sorted(names())
    for block in blocks:
        head, *said = block.splitlines()
        one = kind(head.partition("@")[0])
        assert head == f"{one.name}@{one.version}"
        assert len(said[0].strip()) > 20, "the first sentence of its file"
        assert f"    source: {one.source.paper}" in said
        assert all(len(line) <= 100 for line in said if "source: " not in line and "code: " not in line)
        assert any(one.source.code in line and f"(licence: {one.source.licence})" in line for line in said)
        (needed,) = [line for line in said if line.startswith("    needs: ")] or [""]
        assert [name.name for name in one.weights if f"--weights {name.name}" not in needed] == []
        assert ("--reference" in needed, "--codec" in needed) == (one.needs_reference, one.needs_codec)
    every = {one.name: one for name in names() for one in kind(name).weights}
    told = [
        f"{one.name}: {one.what}\n    from {one.home}\n    licence: {one.terms}" for _, one in sorted(every.items())
    ]
    assert weights.strip().split("\n\n") == told


def test_scores_come_as_tables_and_picture_too(run: Run, noise: Callable[[int], Path], tmp_path: Path) -> None:
    also = [part for ending in ("md", "tex", "png") for part in ("--also", f"scores.{ending}")]
    ran = run("score", noise(3), "--metrics", "avalign-svg,event-sync", *also)
    assert ran.status == 0, ran.err
    page = (tmp_path / "scores.md").read_text()
    assert "| avalign-svg, higher is better | " in page and "event-sync@1 |" in page
    paper = (tmp_path / "scores.tex").read_text()
    assert paper.count("\\\\\n") == 14 and r"\begin{tabular}{lrrrrrrr}" in paper
    assert "% 95 %: percentile bootstrap" in paper and "* 95 %: percentile bootstrap" in page
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")
    several = run("plot", "scores.json", "scores.json", "-o", "both.md")
    assert several.status == 2 and "given twice" in several.err
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "scores.json").write_text((tmp_path / "scores.json").read_text())
    assert run("plot", "ours/scores.json", "theirs/scores.json", "-o", "both.md").status == 0
    assert (tmp_path / "both.md").read_text().startswith("|  | ours | theirs |\n")
    assert run("plot", "ours/scores.json", "theirs/scores.json").status == 0
    assert (tmp_path / "ours" / "scores.png").exists()


def test_the_table_counts_what_was_left_out_and_measured_against(run: Run, noise: Callable[[int], Path]) -> None:
    films = noise(3)
    ran = run("score", films, "--reference", films, "--metrics", "log-spectral-distance,avalign-svg")
    assert ran.status == 0, ran.err
    cells = {
        row[0]: row
        for row in ([cell.strip() for cell in line.split("│")[1:-1]] for line in ran.out.splitlines())
        if row
    }
    assert cells["log-spectral-distance"][-3:] == ["3", "", "3"]
    assert cells["avalign-svg"][-3:] == ["3", "", ""], "its ceiling alone comes from there"
    (films / "3.mkv").write_bytes(b"no film")
    again = run("score", films, "--metrics", "avalign-svg", "--skip-bad", "--force")
    assert any(line.replace(" ", "").endswith("│3│1││") for line in again.out.splitlines())


def test_two_runs_are_compared_clip_by_clip(run: Run, noise: Callable[[int], Path]) -> None:
    films = noise(3)
    for name in ("a.json", "b.json"):
        assert run("score", films, "--metric", "avalign-svg", "-o", name).status == 0
    found = run("score", "--compare", "a.json", "b.json")
    assert found.status == 0
    assert found.out.count("not told apart") == 3
    assert run("score", "--compare", "a.json", "none.json").status == 2


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ((), "no folder is named"),
        (("films", "--weights", "vggish"), "is not NAME=PATH"),
        (("films", "--weights", "clip=a", "--weights", "clip=b"), "named twice"),
        (("films", "--also", "scores.pdf"), "choose a name in .md, .tex or .png"),
        (("films", "--metrics", "fvd"), "unknown metric"),
        (("films", "--metrics", "fvd,event-sink"), "did you mean 'event-sync'; see phonofilm score --list"),
        (("films", "--metrics", "fvd,event-sink"), "unknown metric 'fvd'"),
        (("films", "--weights", "imagbind=a"), "unknown weights 'imagbind': did you mean 'imagebind"),
        (("films", "-o", "scores.md"), "use --also scores.md"),
        (("--compare", "a.json", "b.json", "--also", "c.md"), "leave -o and --also out"),
        (("--compare", "a.json", "b.json", "-o", "c.json"), "leave -o and --also out"),
        (("films", "--device", "cuuda"), "unknown device 'cuuda': did you mean 'cuda'?"),
        (("films", "--device", "cuda:99"), "there is no CUDA device 99 here: choose --device cpu"),
    ],
)
def test_what_cannot_be_asked_is_said_before_any_film_is_read(run: Run, asked: tuple[str, ...], sentence: str) -> None:
    ran = run("score", *asked)
    assert ran.status == 2
    assert sentence in ran.err


def test_what_was_left_out_is_said(run: Run, noise: Callable[[int], Path], tmp_path: Path) -> None:
    films = noise(2)
    (films / "broken.mp4").write_bytes(b"no film")
    (films / "0.json").write_text('{"prompt": "a drum is hit twice"}')
    ran = run("score", films, "--metric", "avalign-svg,event-count", "--skip-bad", "--also", "scores.md")
    assert ran.status == 0
    assert "broken.mp4" in ran.out
    assert (
        "event-count@1 does not count 1 film, such as " in ran.out
        and "1.mkv: its sentence does not say how many" in ran.out
    )
    assert "event-count@1 does not count 1 film" in (tmp_path / "scores.md").read_text()
    assert json.loads((tmp_path / "scores.json").read_text())["scores"]["avalign-svg"]["excluded"] == 1

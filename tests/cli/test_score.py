"""Scoring from the command line: what was read of a film is kept where one says, and found again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from phonofilm.cli.score_tables import table
from phonofilm.metrics import Better, Report, Score, kind, names
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
    assert len(kept) == 4 * 3, "facts, signs of life, onsets and flow of each film"
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
    assert "3 of 3 films are the reference's own, byte for byte" in ran.out.replace("\n", " ")
    cells = {
        row[0]: row
        for row in ([cell.strip() for cell in line.split("│")[1:-1]] for line in ran.out.splitlines())
        if row
    }
    assert cells["log-spectral-distance"][-4:] == ["3", "lower", "", "3"]
    assert cells["avalign-svg"][-4:] == ["3", "higher", "", ""], "its ceiling alone comes from there"
    (films / "3.mkv").write_bytes(b"no film")
    again = run("score", films, "--metrics", "avalign-svg", "--skip-bad", "--force")
    assert any(line.replace(" ", "").endswith("│3│higher│1││") for line in again.out.splitlines())


def test_two_runs_are_compared_clip_by_clip(run: Run, noise: Callable[[int], Path]) -> None:
    films = noise(3)
    for name in ("a.json", "b.json"):
        assert run("score", films, "--metric", "avalign-svg", "-o", name).status == 0
    found = run("score", "--compare", "a.json", "b.json")
    assert found.status == 0
    assert found.out.count("not told apart") == 3
    assert "3 differences are tested at 95 % each" in found.out
    assert run("score", "--compare", "a.json", "none.json").status == 2


def test_a_comparison_is_kept_where_one_says(run: Run, noise: Callable[[int], Path], tmp_path: Path) -> None:
    films = noise(3)
    for name in ("a.json", "b.json"):
        assert run("score", films, "--metric", "avalign-svg", "-o", name).status == 0
    also = [part for ending in ("md", "tex", "csv") for part in ("--also", f"c.{ending}")]
    asked = ["score", "--compare", "a.json", "b.json", "-o", "c.json", *also]
    assert run(*asked).status == 0
    kept = json.loads((tmp_path / "c.json").read_text())
    assert [one["name"] for one in kept["differences"]] == [
        "avalign-svg",
        "avalign-svg-precision",
        "avalign-svg-recall",
    ]
    assert {one["verdict"] for one in kept["differences"]} == {"not told apart"}
    assert kept["differences"][0]["interval"] == [0.0, 0.0] and kept["differences"][0]["n"] == 3
    page = (tmp_path / "c.md").read_text()
    assert "| avalign-svg, higher is better | " in page and "* first: a.json; second: b.json" in page
    assert (tmp_path / "c.tex").read_text().count("\\\\\n") == 4
    rows = list(csv.DictReader((tmp_path / "c.csv").open()))
    assert [(float(row["difference"]), float(row["low"]), float(row["high"])) for row in rows] == [(0, 0, 0)] * 3
    again = run(*asked)
    assert again.status == 2 and "c.json" in again.err and "--force" in again.err
    assert run(*asked, "--force").status == 0


def test_films_are_told_one_by_one(run: Run, noise: Callable[[int], Path], tmp_path: Path) -> None:
    ran = run("score", noise(3), "--metric", "avalign-svg,event-sync,sync-error", "--also", "films.csv")
    assert ran.status == 0, ran.err
    rows = list(csv.DictReader((tmp_path / "films.csv").open()))
    assert [row["film"] for row in rows] == ["0.mkv", "1.mkv", "2.mkv"]
    scores = json.loads((tmp_path / "scores.json").read_text())["scores"]
    each = [float(row["avalign-svg"]) for row in rows]
    assert sum(each) / 3 == pytest.approx(scores["avalign-svg"]["value"])
    assert {"sync-error", "sync-offset", "event-f1-125ms"} <= set(rows[0])


def test_the_list_of_one_metric_is_all_that_it_says(run: Run) -> None:
    told = run("score", "--list", "--metrics", "onset-ap")
    assert told.status == 0
    assert "A silent clip has an average precision of 1" in told.out and "scores: onset-ap, onset-accuracy" in told.out
    assert told.out.count("source: ") == 1 and "Weights of others" not in told.out


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ((), "no folder is named"),
        (("films", "--weights", "vggish"), "is not NAME=PATH"),
        (("films", "--weights", "clip=a", "--weights", "clip=b"), "named twice"),
        (("films", "--also", "scores.pdf"), "choose a name in .md, .tex, .csv or .png"),
        (("films", "--metrics", "fvd"), "unknown metric"),
        (("films", "--metrics", "fvd,event-sink"), "did you mean 'event-sync'; see phonofilm score --list"),
        (("films", "--metrics", "fvd,event-sink"), "unknown metric 'fvd'"),
        (("films", "--weights", "imagbind=a"), "unknown weights 'imagbind': did you mean 'imagebind"),
        (("films", "-o", "scores.md"), "use --also scores.md"),
        (("--compare", "a.json", "b.json", "--also", "c.png"), "choose a name in .json, .md, .tex, .csv"),
        (("--list", "--metric", "onset-app"), "did you mean 'onset-ap'"),
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
        and "1.mkv: it has no sentence: give it a sidecar" in ran.out
    )
    assert "event-count@1 does not count 1 film" in (tmp_path / "scores.md").read_text()
    assert json.loads((tmp_path / "scores.json").read_text())["scores"]["avalign-svg"]["excluded"] == 1


@pytest.mark.parametrize("width", [80, 120])
def test_no_name_of_a_score_is_cut_however_narrow_the_terminal(width: int) -> None:
    of = {"definition": "x@1", "unit": "x 10,000", "better": Better.NEARER_ZERO, "n": 1000}
    of |= {"interval": (-123.4, 1234.5), "chance": 123.4, "ceiling": 0.123}
    few = {**of, "interval": None, "method": "none: fewer than 40 clips, of which a distance comes out too large"}
    scores = [Score(name="event-f1-125ms", value=-1234.5, **of), Score(name="fvd-i3d400-mmdiffusion", value=1.0, **few)]
    drawn = StringIO()
    Console(file=drawn, width=width).print(table(Report(tuple(scores), 1000, {}), width))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in drawn.getvalue().splitlines()]
    assert {row[0]: row[5] for row in cells if row and row[0]} == {one.name: "1000" for one in scores}
    assert {line[-1] for line in drawn.getvalue().splitlines()} == set("┓┃┩│┘"), "no column is cut off"
    assert "fewer" not in drawn.getvalue() and "…" not in drawn.getvalue()
    assert ("left out" in drawn.getvalue()) is (width == 120)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("films", "--compare", "a.json", "b.json"), "leave the folder films out"),
        (("--compare", "a.json", "b.json", "--reference", "films"), "leave the folder films out"),
        (("--compare", "a.json", "b.json", "--list"), "leave --list out"),
        (("films", "--also", "a.md", "--also", "a.md"), "a.md is to be written twice"),
        (("films", "-o", "/proc/scores.json"), "/proc"),
        (("films", "--also", "/proc/scores.md"), "/proc"),
    ],
)
def test_what_leads_nowhere_is_said_before_any_film_is_read(
    run: Run, asked: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    ran = run("score", *asked)
    assert ran.status == 2
    assert sentence in ran.err and "holds no films" not in ran.err


def test_a_run_without_any_value_that_was_asked_for_fails(run: Run, noise: Callable[[int], Path]) -> None:
    films = noise(2)
    ran = run("score", films, "--metric", "event-count", "--also", "scores.md")
    assert ran.status == 2
    assert "no value for event-count-seen" in ran.out and "no metric that was named gave a value" in ran.err
    assert {path.name for path in films.parent.iterdir()} >= {"scores.json", "scores.md"}
    assert run("score", films, "--metric", "event-count,avalign-svg", "-o", "some.json").status == 0


def test_some_scores_of_two_runs_are_compared(run: Run, noise: Callable[[int], Path]) -> None:
    films = noise(2)
    assert run("score", films, "--metric", "avalign-svg,silence").status == 0
    found = run("score", "--compare", "scores.json", "scores.json", "--metric", "avalign-svg-recall,silence")
    assert found.status == 0
    assert "avalign-svg-recall" in found.out and "silence" in found.out and "precision" not in found.out
    ran = run("score", "--compare", "scores.json", "scores.json", "--metric", "silents")
    assert ran.status == 2 and "did you mean 'silence'" in ran.err

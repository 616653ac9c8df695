"""Scoring from the command line: what was read of a film is kept where one says, and found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
        assert "readings cannot be kept" in ran.err and str(taken) in ran.err
        assert not (tmp_path / "scores.json").exists()

"""Scoring from the command line: what was read of a film is kept where one says, and found again."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from phonofilm.media.write import write
from tests.cli.conftest import Run


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        frames = rng.integers(0, 256, (9, 32, 32, 3), np.uint8)
        sound = 0.1 * rng.standard_normal((1, 16_000)).astype(np.float32)
        write(Clip(frames, sound, Fraction(9), 16_000), folder / f"{number}.mkv", lossless=True)
    return folder


def test_what_was_read_is_kept_and_found_again(
    run: Run, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
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

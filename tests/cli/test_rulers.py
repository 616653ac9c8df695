from __future__ import annotations

import json
from pathlib import Path

import pytest

from phonofilm.metrics.sync_error import SyncError
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "a=b"], ["--model and --settings"]),
        (["--metrics", "sync-eror"], ["unknown metric 'sync-eror'", "did you mean 'sync-error'"]),
        (["--metrics", "javisscore"], ["--weights imagebind=PATH"]),
        (["--weights", "imagebind"], ["names no weights", "--weights imagebind=FILE"]),
        (["--n", "2"], ["2 scenes calibrate nothing", "at least 4"]),
        (["--clips", "nowhere", "--metrics", "sync-error"], ["nowhere is not a folder"]),
        (["--device", "cuuda"], ["unknown device 'cuuda'", "did you mean 'cuda'"]),
        (["--write", "nowhere/rulers.md"], ["the folder nowhere does not exist"]),
    ],
)
def test_bad_input_is_refused_before_any_work(run: Run, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    ran = run("bench", "rulers", *arguments)
    assert ran.status == 2
    assert all(word in ran.err for word in words), ran.err
    assert list(tmp_path.iterdir()) == []


def test_options_of_rulers_are_refused_elsewhere(run: Run) -> None:
    ran = run("bench", "clapperboard", "--clips", "films")
    assert ran.status == 2
    assert "--clips, --metrics, --weights and --workers belong to rulers" in ran.err


def test_results_and_page_are_written(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "rulers.md"
    ran = run("bench", "rulers", "--n", 4, "--metrics", "sync-error,onset-f1", "-o", "r", "--write", page)
    assert ran.status == 0, ran.err
    results = json.loads((tmp_path / "r" / "rulers.json").read_text())
    assert list(results["grounds"][0]["metrics"]) == ["sync-error", "onset-f1"]
    text = page.read_text()
    assert "```\nphonofilm" in text
    assert f"**sync-error** (sync-error@{SyncError.version}). True clips score" in text
    assert (tmp_path / "rulers-1.svg").is_file()
    assert (tmp_path / "r" / "rulers.md").read_text() == text

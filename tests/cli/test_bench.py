from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.conftest import METRICS
from tests.cli.conftest import Run

UNTRAINED = "ignore::phonofilm.pipelines.joint.PromptWarning"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "runs/none"], ["'runs/none' names no row", "uncoupled=runs/none/model"]),
        (["--model", "a=x", "--model", "a=y"], ["two rows have one name"]),
        (["--settings", "gamma=2"], ["--gammas"]),
        (["--settings", "setps=2"], ["unknown setting 'setps'", "did you mean 'steps'"]),
        (["--gammas", "1,two"], ["--gammas '1,two' are not numbers"]),
        (["--model", "cmc-pe=svg-tinny"], ["did you mean 'svg-tiny'"]),
        (["--model", "uncoupled=runs/none"], ["no model of the table is at hand", "runs/none holds no weights"]),
        (["--write", "nowhere/results.md"], ["the folder nowhere does not exist"]),
    ],
)
def test_bad_input_is_refused_before_any_work(run: Run, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    ran = run("bench", "clapperboard", *arguments)
    assert ran.status == 2
    assert all(word in ran.err for word in words), ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings(UNTRAINED)
def test_results_table_and_plot_are_written_and_the_page_keeps_the_rest(
    run: Run, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from phonofilm.benchmarks import clapperboard

    whole = clapperboard.run
    monkeypatch.setattr(  # the metrics that need no trained networks
        clapperboard, "run", lambda options, **rest: whole(replace(options, metrics=METRICS), **rest)
    )
    page = tmp_path / "results.md"
    page.write_text("# Results\n\nOther.\n")
    options = ("--model", f"mine={model}", "--n", 2, "--settings", "steps=1", "-o", "b", "--write", page)
    ran = run("bench", "clapperboard", *options)
    assert ran.status == 0, ran.err
    assert "uncoupled is left out" in ran.err
    rows = json.loads((tmp_path / "b" / "results.json").read_text())["rows"]
    assert [row["label"] for row in rows] == [
        "mine",
        "shuffled pairs: true clips",
        "true clips through the codec",
        "true clips",
    ]
    assert rows[0]["identity"]["settings"]["steps"] == 1
    text = page.read_text()
    assert text.startswith("# Results\n\nOther.\n\n<!-- begin clapperboard -->\n## Clapperboard")
    assert (tmp_path / "b" / "table.md").read_text().strip() in text
    assert ran.out.strip() in text
    for picture in (tmp_path / "clapperboard.png", tmp_path / "b" / "clapperboard.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")

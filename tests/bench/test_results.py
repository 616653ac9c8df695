"""Tables that benches write: what was measured alike stands side by side."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("_results")


def test_numbers_of_their_own_stand_one_below_the_other(results: ModuleType) -> None:
    assert list(
        results.tables({"n": 3, "of_it": {"a": 1.23456, "b": [1, 2]}, "none": None, "command": "left out"})
    ) == [(("", "value"), [("n", "3"), ("of it: a", "1.235"), ("of it: b", "1, 2"), ("none", "none")])]


def test_what_was_measured_alike_stands_side_by_side(results: ModuleType) -> None:
    fast, slow = {"value": 2.0, "low": 1.0, "high": 3.0}, {"value": 4.0, "interval": (3.5, 4.5)}
    found = {
        "rounds": 9,
        "scan": {"files": 2},
        "360p": {"scored": fast, "by": {"FFmpeg": 1}, "packed": 7},
        "720p": {"scored": slow, "by": {"FFmpeg": 2}},
    }
    assert list(results.tables(found)) == [
        (("", "value"), [("rounds", "9"), ("scan: files", "2")]),
        (
            ("", "360p", "720p"),
            [("scored", "2 (1 to 3)", "4 (3.5 to 4.5)"), ("by: FFmpeg", "1", "2"), ("packed", "7", "")],
        ),
    ]


def test_the_longer_side_runs_down(results: ModuleType) -> None:
    films = {name: {"s": 1, "MiB": 2} for name in ("scan", "to_score", "one_film.mp4")}
    assert list(results.tables({"peak": films})) == [
        (("peak", "s", "MiB"), [("scan", "1", "2"), ("to score", "1", "2"), ("one_film.mp4", "1", "2")])
    ]


def test_one_name_in_common_makes_no_table(results: ModuleType) -> None:
    found = {"verified": {"clips": 3, "s": 1}, "encoded": {"windows": 9, "s": 2}}
    assert list(results.tables(found)) == [
        (
            ("", "value"),
            [("verified: clips", "3"), ("verified: s", "1"), ("encoded: windows", "9"), ("encoded: s", "2")],
        )
    ]

"""The bench of AV-Align does not publish two values that differ."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("avalign_speed")


def test_equal_values_are_published_with_their_largest_difference(script: ModuleType) -> None:
    films = {
        "a.mp4": {"AV-Align": 0.5, "public AV-Align": 0.5 + 3e-10},
        "b.mp4": {"AV-Align": 0.25, "public AV-Align": 0.25},
    }
    assert script.agreed(films) == pytest.approx(3e-10, rel=1e-3)


@pytest.mark.parametrize("theirs", [0.5 + 2e-9, math.nan])
def test_another_value_ends_the_script_and_names_the_film(script: ModuleType, theirs: float) -> None:
    films = {"a.mp4": {"AV-Align": 0.5, "public AV-Align": theirs}}
    with pytest.raises(SystemExit, match=r"a\.mp4: ours and the public value differ"):
        script.agreed(films)

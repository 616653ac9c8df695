"""The bench of the small networks: worse clips are further away, and every score has its rows."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from phonofilm.metrics import Given, find
from tests.metrics.tiny import mbv2, yamnet


def test_worse_clips_are_further_from_true_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    script = importlib.import_module("small_networks")
    given = Given(weights={**yamnet.give(tmp_path, monkeypatch), **mbv2.give(tmp_path, monkeypatch)})
    sound = script.measured([find(name, given) for name in script.OF_SOUND], script.SOUNDS[:3], 6)
    assert set(sound) == {name for metric in script.OF_SOUND for name in find(metric, given).gives}
    true, little, loud = (one.words for one in script.SOUNDS[:3])
    assert sound["kl-yamnet"][true]["value"] == pytest.approx(0, abs=1e-9)
    for name in ("fd-yamnet", "kl-yamnet"):
        assert sound[name][true]["value"] < sound[name][little]["value"] < sound[name][loud]["value"]
    assert sound["is-yamnet"] == {}, "ten splits take 20 clips"
    picture = script.measured([find("fd-mbv2", given)], script.PICTURES, 6)["fd-mbv2"]
    assert all(picture[script.PICTURES[0].words]["value"] < picture[one.words]["value"] for one in script.PICTURES[1:])
    assert picture["half of the true clips against the other half"] > 0

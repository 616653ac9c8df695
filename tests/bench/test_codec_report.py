"""The codec's bench follows the clips of the model that it is told of."""

from __future__ import annotations

import importlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from phonofilm.models import catalogue
from phonofilm.shapes import ClipShape


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("codec_report")


def test_clips_are_those_of_the_preset(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalogue()["svg-tiny"]
    preset = entry.family.presets["tiny"]
    assert script.clip_shape("svg-tiny") == preset.shape
    faster = replace(preset, shape=replace(preset.shape, fps=Fraction(12)))
    family = replace(entry.family, presets={"tiny": faster})
    monkeypatch.setattr(script, "catalogue", lambda: {"svg-tiny": replace(entry, family=family)})
    assert script.clip_shape("svg-tiny").frames == 24


def test_films_are_brought_to_that_shape_and_short_ones_left_out(script: ModuleType, tmp_path: Path) -> None:
    for name, frames in (("long", 20), ("short", 5)):
        sound = np.zeros((1, frames * 1600), np.float32)
        Clip(np.zeros((frames, 20, 16, 3), np.uint8), sound, Fraction(10), 16_000).save(tmp_path / f"{name}.mkv")
    (tmp_path / "note.txt").write_text("no film")
    shape = ClipShape(Fraction(1), Fraction(5), 10, 12, 8_000)
    (clip,) = script.real_clips(tmp_path, shape)
    assert clip.shape == shape

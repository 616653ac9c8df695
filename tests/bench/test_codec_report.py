"""The codec's bench follows the clips of the model that it is told of."""

from __future__ import annotations

import importlib
import json
import shlex
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from phonofilm.codecs import save
from phonofilm.media.clip import Clip
from phonofilm.models import catalogue
from phonofilm.shapes import ClipShape
from tests.codecs.small import random_codec


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
    (clip,), skipped = script.real_clips(tmp_path, shape)
    assert clip.shape == shape
    assert skipped.keys() == {"short.mkv", "note.txt"}
    assert skipped["short.mkv"] == "shorter than 1 s"
    assert "note.txt" in skipped["note.txt"]


def test_the_command_is_the_one_that_was_typed(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of the codec and every option stand in it; the measurement itself is left out here."""
    save(random_codec(), tmp_path / "a codec")
    monkeypatch.setattr(script, "codec_report", lambda codec, clips: {})
    monkeypatch.setattr(script, "vocoders", lambda audio, sounds: {})
    monkeypatch.setattr(script, "timed", lambda call: 0.0)
    arguments = [str(tmp_path / "a codec"), "--clips", "1"]
    monkeypatch.setattr(sys, "argv", ["bench/codec_report.py", *arguments])
    script.main()
    typed = json.loads(capsys.readouterr().out)["command"]
    assert shlex.split(typed) == ["python", "bench/codec_report.py", *arguments]

"""Plug-ins that ship: all of them keep the contract, and what is wrong with weights is said."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from phonofilm.data.ingest import score as stage
from phonofilm.data.ingest.filter import Filtering, verdict
from phonofilm.data.ingest.plugins import Form, Plugin, shipped
from phonofilm.data.ingest.recipe import read_recipe
from phonofilm.data.ingest.score import Scoring
from phonofilm.errors import SettingError, WeightsError
from phonofilm.metrics._features._extractor import Extractor
from tests.metrics.tiny import synchformer
from tests.plugins.films import GIVE, film, noisy, place, scored, scoring

NAMES = shipped()


def test_the_plug_ins_that_ship() -> None:
    assert NAMES == ("imagebind", "synchformer") == tuple(sorted(GIVE))


@pytest.mark.parametrize("name", NAMES)
def test_a_plug_in_keeps_the_contract(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place(name, tmp_path, monkeypatch)
    kind = import_module(f"phonofilm.plugins.{name}").plugin
    made, plugin = kind(where.partition("=")[2]), Plugin.at(where)
    assert kind.name == kind.published().name == plugin.name == name
    assert made.version == plugin.version > 1
    assert isinstance(kind.form, Form) and kind.form.size is not None  # whole pictures take too much memory
    assert plugin.licence == f"weights {name}: {kind.published().licence}" and kind.published().licence
    (row,) = scored(film(tmp_path / "film.mp4", noisy(3)), where)
    assert row.why == {}
    assert [f"{name}.{given}" for given in kind.gives] == [key for key in row.values if "." in key]
    assert scored(film(tmp_path / "again.mp4", noisy(3)), where) == [row.model_copy(update={"clip_id": row.clip_id})]


def test_nothing_heavy_is_imported_before_one_is_chosen() -> None:
    modules = ", ".join(f"phonofilm.plugins.{name}" for name in NAMES)
    code = (
        f"import sys, {modules}\nprint([name for name in ('torch', 'transformers', 'librosa') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_loaded_with_the_first_clip_and_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, source = place(name, tmp_path, monkeypatch), film(tmp_path / "film.mp4", noisy(6), seconds=2)
    (kind,) = [one for one in _kinds(Extractor) if one.__module__.endswith(f"_features.{name}") and "load" in vars(one)]
    load, loaded = kind.load, []
    monkeypatch.setattr(kind, "load", lambda self: loaded.append(self) or load(self))
    settings = scoring(where)
    assert settings.licences and settings.gives and not loaded
    rows = stage.score(settings, source)
    assert len(rows) == 3 and len(loaded) == 1


def _kinds(kind: type) -> list[type]:
    return [kind, *(below for one in kind.__subclasses__() for below in _kinds(one))]


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_without_sound_has_a_reason_and_its_other_measures(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = place(name, tmp_path, monkeypatch)
    (row,) = scored(film(tmp_path / "film.mp4", noisy(3, sound=False)), where)
    assert row.values["cuts"] is not None
    assert len(row.why) > 0 and set(row.why.values()) == {"the clip has no sound"}


def test_other_weights_are_other_settings_wherever_the_file_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    chosen = scoring(where)
    assert Scoring.model_validate_json(chosen.model_dump_json()) == chosen == scoring(where)
    synchformer.give(tmp_path, monkeypatch, seed=4)
    other = scoring(where)
    assert stage.scoring(other, "above").key != stage.scoring(chosen, "above").key
    assert other.plugins[0].sha256 != chosen.plugins[0].sha256
    source = film(tmp_path / "film.mp4", noisy(3))
    with pytest.raises(SettingError, match=r"synchformer=.*pth has changed since it was chosen"):
        stage.score(chosen, source)
    assert stage.score(other, source)[0].values["synchformer.confidence"] is not None


@pytest.mark.parametrize(("name", "reading"), [("synchformer", "Synchformer"), ("imagebind", "ImageBindSound")])
def test_a_new_version_of_what_it_measures_by_is_a_new_version(
    name: str, reading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = place(name, tmp_path, monkeypatch).partition("=")[2]
    kind = import_module(f"phonofilm.plugins.{name}").plugin
    before = kind(weights).version
    monkeypatch.setattr(f"phonofilm.metrics._features.{name}.{reading}.version", 7)
    assert kind(weights).version == before + 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("synchfromer=x.pth", r"unknown plug-in 'synchfromer': did you mean 'synchformer'\?.*path/to/file.py:Name"),
        ("synchformer", r"needs weights .*get them from github.*licence: MIT.*--plugin synchformer=PATH"),
        ("imagebind=", r"needs weights .*not for commercial use.*--plugin imagebind=PATH"),
    ],
)
def test_names_that_are_none_and_weights_that_are_not_named(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Plugin.at(text)


def test_weights_that_are_not_there_or_of_another_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"weights synchformer cannot be read at .*none\.pth \(No such file"):
        Plugin.at(f"synchformer={tmp_path / 'none.pth'}")
    place("synchformer", tmp_path, monkeypatch)
    other = place("imagebind", tmp_path, monkeypatch).partition("=")[2]
    with pytest.raises(WeightsError, match=r"imagebind_huge\.pth lacks 'afeat_extractor"):
        scored(film(tmp_path / "film.mp4", noisy(2)), f"synchformer={other}")


def test_want_of_memory_is_told_apart_from_bad_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, source = place("synchformer", tmp_path, monkeypatch), film(tmp_path / "film.mp4", noisy(3))
    full = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 7 bytes"

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(full)

    with monkeypatch.context() as patch:
        patch.setattr("torch.load", refuse)
        with pytest.raises(SettingError, match=r"do not fit into the memory .*--memory-limit 4"):
            scored(source, where)
    with monkeypatch.context() as patch:
        patch.setattr("phonofilm.metrics._features.synchformer.spectra", refuse)
        with pytest.raises(MemoryError, match="allocate 7 bytes"):
            scored(source, where)


RECIPE = """
name: own
description: Clips in sync.
films: any
split: {{seconds: 6}}
score: {{measures: [], plugins: ["{place}"]}}
filter: {{rules: ["abs({measure}) <= 0.2 and synchformer.confidence > 0.01"]}}
splits: {{kind: shares, seed: 0, shares: {{train: 1}}}}
"""


def test_recipes_name_plug_ins_and_their_rules_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    (tmp_path / "own.yaml").write_text(RECIPE.format(place=where, measure="synchformer.offset"))
    recipe = read_recipe(tmp_path / "own.yaml")
    assert [plugin.name for plugin in recipe.score.plugins] == ["synchformer"]
    (tmp_path / "own.yaml").write_text(RECIPE.format(place=where, measure="synchformer.ofset"))
    with pytest.raises(SettingError, match=r"did you mean 'synchformer\.offset'"):
        read_recipe(tmp_path / "own.yaml")


@pytest.mark.parametrize(("early", "kept"), [(0.2, True), (-0.2, True), (0.4, False)])
def test_rules_are_asked_of_offsets_that_are_exact(
    early: float, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    monkeypatch.setattr("phonofilm.metrics._features.synchformer.Offsets._class", lambda *_: round((early + 2) / 0.2))
    (row,) = scored(film(tmp_path / "film.mp4", noisy(3)), where)
    assert row.values["synchformer.offset"] == -early
    judged = verdict(Filtering.model_validate({"rules": ["abs(synchformer.offset) <= 0.2"]}), row)
    assert (judged.reason is None) is kept

"""The record of a model's training: it travels with the folder and decides nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from phonofilm import models
from phonofilm.errors import WeightsError
from phonofilm.models import StageRecord
from phonofilm.models._training import clips_of
from phonofilm.pair import AV
from tests.models.small_model import small_model

VIDEO = StageRecord(
    stage="video", clips=33, steps=11, batch=3, learning_rate=1e-3, seed=5, seconds=7.5, device="cpu",
    losses={"held_out_loss": AV(0.25, None)},
)  # fmt: skip
JOINT = VIDEO.model_copy(update={"stage": "joint", "losses": {}})


def test_records_travel_with_the_folder_and_leave_the_fingerprint(tmp_path: Path) -> None:
    plain = small_model()
    trained = replace(plain, training=(VIDEO, JOINT))
    loaded = models.load(models.save(trained, tmp_path / "model", half=True))
    assert loaded.training == (VIDEO, JOINT)
    assert models.fingerprint(trained) == models.fingerprint(plain)


def test_a_folder_without_records_loads(tmp_path: Path) -> None:
    folder = models.save(small_model(), tmp_path / "model")
    assert not (folder / "training.json").exists()
    assert models.load(folder).training == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"stages": [{"stage": "video"}]}', '{"stages": 3}', "\xff"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    folder = models.save(small_model(), tmp_path / "model")
    (folder / "training.json").write_text(text, encoding="latin-1")
    with pytest.raises(WeightsError, match=r"training\.json is damaged .*delete it"):
        models.load(folder)


def test_clips_of_a_stage_are_those_of_all_its_runs() -> None:
    assert clips_of((JOINT, VIDEO, JOINT), "joint") == 66
    assert clips_of((VIDEO,), "joint") is None

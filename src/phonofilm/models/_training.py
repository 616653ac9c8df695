"""How a model came to be: a record for each stage of its training, kept in its folder beside the weights.

A record decides nothing about what the model makes: it is no part of the fingerprint, and a folder without one loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from phonofilm.errors import WeightsError
from phonofilm.pair import AV

RECORDS = "training.json"


class StageRecord(BaseModel):
    """One stage as it was run.

    Attributes:
        stage: its name, as of :meth:`phonofilm.models._family.FamilyNetwork.trainable`.
        clips: clips that were seen, repeats counted: ``steps * batch``.
        steps: optimiser steps.
        batch: clips a step, of all processes together.
        learning_rate: after warm-up.
        seed: of everything random in the run.
        seconds: wall time of the steps.
        device: the machine's part that did them.
        losses: by name, at the end of the run, on held-out clips; a side that does not learn in the stage has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    clips: int = Field(gt=0)
    steps: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    seed: int
    seconds: float = Field(ge=0)
    device: str
    losses: dict[str, AV[float | None]] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: tuple[StageRecord, ...]


def clips_of(records: Iterable[StageRecord], stage: str) -> int | None:
    """Clips that all runs of a stage saw together; ``None`` if no such run is on record."""
    return sum(record.clips for record in records if record.stage == stage) or None


def write_records(records: tuple[StageRecord, ...], folder: Path) -> None:
    """Put the records into a model's folder; no file where there are none."""
    if records:
        (folder / RECORDS).write_text(_File(stages=records).model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_records(folder: Path) -> tuple[StageRecord, ...]:
    """The records of a model's folder, none where it has no such file.

    Raises:
        WeightsError: if the file is damaged.
    """
    path = folder / RECORDS
    try:
        return _File.model_validate_json(path.read_text(encoding="utf-8")).stages if path.exists() else ()
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise WeightsError(f"{path} is damaged ({reason}): copy it again, or delete it to go without") from error

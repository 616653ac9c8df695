"""What a training run is told. One strict record; every field can be set on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from phonofilm.errors import SettingError, unknown_name


class Stage(str, Enum):
    """Which part of a model learns: one base network alone, or the coupling of both."""

    VIDEO = "video"
    AUDIO = "audio"
    JOINT = "joint"


class Precision(str, Enum):
    """Arithmetic of the forward pass."""

    FLOAT32 = "float32"
    BF16 = "bf16"


class NoiseLevels(BaseModel):
    """Law of the noise fraction that a training sample is given, drawn per sample and modality.

    Attributes:
        mean, std: of the logit of ``s`` (logit-normal; Esser et al. 2024, section 3.1).
        uniform: share of samples whose ``s`` is uniform instead, so that both ends are seen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: float = 0.0
    std: float = Field(default=1.0, gt=0)
    uniform: float = Field(default=0.1, ge=0, le=1)


FREE = ("out", "clips", "cooldown", "checkpoint_minutes", "validate_every", "threads", "resume")
"""Settings that may change when a run is continued: where it lies, how it is watched, and how long it goes on."""


class TrainConfig(BaseModel):
    """One stage of training.

    Attributes:
        model: folder of the model to start from; its weights are read, never written.
        latents: folder of cached latents (see ``phonofilm.data.latents``), or a packed folder (see
            ``phonofilm.data.packed.shards``) whose clips are encoded while training unless latents of the model's codec
            lie beside them, or ``None`` to draw and encode Clapperboard scenes.
        split: of a packed folder that is trained on; ``None``: all its clips.
        leave_short: clips of a packed folder that are shorter than the model's are left out; else they are an error.
        out: run folder: checkpoints, logs and the finished model.
        stage: which part learns.
        clips: length of training in clips; the number of steps is ``clips / batch``.
        batch: clips a step and process.
        accumulate: batches whose gradients are added before a step.
        learning_rate: after warm-up, before cool-down.
        warmup: steps of linear warm-up.
        cooldown: share of the steps, at the end, over which the rate falls linearly to zero.
        weight_decay, clip_norm: of AdamW, and the largest gradient norm.
        ema: decay of the averaged weights.
        text_dropout: share of samples trained without their prompt.
        self_conditioning: share of samples that see their own previous estimate.
        noise: law of the noise fractions.
        first_seed, scenes: Clapperboard scenes to draw when ``latents`` is ``None``.
        seed: of everything random in the run.
        checkpoint_minutes: wall time between checkpoints.
        validate_every: steps between losses on held-out clips; 0 = never.
        precision: of the arithmetic; bf16 is autocast, with weights and sums in float32.
        threads: CPU threads; 0 = PyTorch's choice.
        resume: continue from the newest checkpoint in ``out`` where there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Path
    out: Path
    stage: Stage
    latents: Path | None = None
    split: str | None = None
    leave_short: bool = False
    clips: int = Field(20_000, gt=0)
    batch: int = Field(16, gt=0)
    accumulate: int = Field(1, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    warmup: int = Field(100, ge=0)
    cooldown: float = Field(0.3, ge=0, le=1)
    weight_decay: float = Field(0.01, ge=0)
    clip_norm: float = Field(1.0, gt=0)
    ema: float = Field(0.999, ge=0, lt=1)
    text_dropout: float = Field(0.1, ge=0, lt=1)
    self_conditioning: float = Field(0.5, ge=0, le=1)
    noise: NoiseLevels = NoiseLevels()
    first_seed: int = Field(0, ge=0)
    scenes: int = Field(100_000, gt=0)
    seed: int = 0
    checkpoint_minutes: float = Field(5.0, gt=0)
    validate_every: int = Field(500, ge=0)
    precision: Precision = Precision.FLOAT32
    threads: int = Field(0, ge=0)
    resume: bool = True

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run (of one process)."""
        return max(1, self.clips // (self.batch * self.accumulate))

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, constant, linear cool-down to zero."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        falling = self.cooldown * self.steps
        fall = min(1.0, (self.steps - step) / falling) if falling else 1.0
        return self.learning_rate * min(rise, fall)


def with_overrides(values: dict[str, Any], overrides: list[str]) -> TrainConfig:
    """A config from plain values and ``key=value`` strings (dots reach into records: ``noise.mean=0.5``).

    Raises:
        SettingError: for an unknown key (the nearest one is offered) or a value out of range.
    """
    values = dict(values)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise SettingError(f"{override!r} is not a setting: write key=value, for example batch=8")
        head, _, tail = key.partition(".")
        if head == "steps":  # the word that everyone tries
            raise SettingError(
                "steps is no training setting, their number is clips / batch: write for example clips=24 batch=8 for 3"
            )
        if head not in TrainConfig.model_fields:
            raise unknown_name("training setting", head, TrainConfig.model_fields)
        parsed = _value(override, text)
        values[head] = {**_plain(values.get(head)), tail: parsed} if tail else parsed
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingError(f"training setting {place}: {first['msg']} (got {first['input']!r})") from error


def _value(override: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingError(f"{override!r} is not a setting: {text!r} is no value, write for example batch=8") from None


def _plain(record: Any) -> dict[str, Any]:
    """The fields of a setting that is a record; none of one that is not."""
    if isinstance(record, BaseModel):
        return record.model_dump()
    return dict(record) if isinstance(record, Mapping) else {}

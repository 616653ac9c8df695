"""One small network learning alone: the parts of a codec, the networks of the ruler.

A lesson owns a network, its data and its loss; :func:`teach` is the loop, the same for all of them. A step is a
function of (weights, optimiser state, seed, step), so a run that was stopped continues bit for bit.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from phonofilm.pair import AV
from phonofilm.training import checkpoint
from phonofilm.training.checkpoint import Progress
from phonofilm.training.ema import Average
from phonofilm.training.log import RunLog
from phonofilm.training.order import mixed_seed

KEEP_CHECKPOINTS = 2
FREE = ("out", "steps", "checkpoint_minutes", "threads")
"""Settings that may change when a run is continued."""


class Lesson(Protocol):
    """One network with its data and its loss."""

    @property
    def network(self) -> nn.Module:
        """What learns."""
        ...

    @property
    def senses(self) -> AV[bool]:
        """Which modality it learns from."""
        ...

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """Terms of the loss on ``batch`` random items, weighted, to be added up."""
        ...


class LessonConfig(BaseModel):
    """What every such run is told.

    Attributes:
        out: run folder: checkpoints, log, and the finished network.
        steps: length of the run.
        batch: items a step.
        learning_rate: after warm-up; falls to zero along a half cosine.
        warmup: steps of linear warm-up.
        beta2, weight_decay, clip_norm: of AdamW, and the largest gradient norm.
        ema: decay of the averaged weights.
        scenes, first_seed: Clapperboard scenes that are drawn into memory.
        seed: of weights and batches.
        checkpoint_minutes: time between checkpoints.
        threads: CPU threads.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Path
    steps: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    warmup: int = Field(default=100, ge=0)
    beta2: float = Field(default=0.99, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
    ema: float = Field(default=0.999, ge=0, lt=1)
    scenes: int = Field(default=3000, gt=0)
    first_seed: int = Field(default=0, ge=0)
    seed: int = 0
    checkpoint_minutes: float = Field(default=3.0, gt=0)
    threads: int = Field(default=1, gt=0)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps))


def teach(lesson: Lesson, config: LessonConfig, quiet: bool = False, name: str = "training") -> Progress:
    """Run to the last step, from the newest checkpoint if there is one; leaves averaged weights in the network.

    Raises:
        SettingError: if the run folder holds checkpoints of a run with other settings.
        WeightsError: if it holds checkpoints of something else.
    """
    state = {name: value for name, value in lesson.network.state_dict().items() if value.is_floating_point()}
    average = Average(state, config.ema)
    optimizer = torch.optim.AdamW(
        lesson.network.parameters(),
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        weight_decay=config.weight_decay,
    )
    folder = config.out / checkpoint.FOLDER
    settings = config.model_dump(mode="json")
    progress, found = Progress(0, 0.0), checkpoint.newest(folder)
    if found is not None:
        progress = checkpoint.load(found, state, average, optimizer)
        checkpoint.check_settings(found, settings, FREE)
    saved = time.monotonic()
    with RunLog(config.out, config.steps, progress.step, quiet, name) as log:
        log.start(progress.step)
        run = _Run(config, lesson, state, average, optimizer, log)
        while progress.step < config.steps:
            progress = run.step(progress)
            if progress.step == config.steps or time.monotonic() - saved > 60 * config.checkpoint_minutes:
                checkpoint.save(folder, state, average, optimizer, progress, settings)
                checkpoint.prune(folder, KEEP_CHECKPOINTS, set())
                saved = time.monotonic()
    average.copy_to(state)
    return progress


@dataclass
class _Run:
    """What one step needs; ``state`` holds the weights and the statistics of batch norms."""

    config: LessonConfig
    lesson: Lesson
    state: dict[str, Tensor]
    average: Average
    optimizer: torch.optim.Optimizer
    log: RunLog

    def step(self, progress: Progress) -> Progress:
        tick = time.monotonic()
        config = self.config
        generator = torch.Generator().manual_seed(mixed_seed(config.seed, 0, progress.step))
        terms = self.lesson.loss(generator, config.batch)
        self.optimizer.zero_grad()
        sum(terms.values(), torch.zeros(())).backward()
        torch.nn.utils.clip_grad_norm_(self.lesson.network.parameters(), config.clip_norm)
        rate = config.rate(progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.average.update(self.state)
        seconds = time.monotonic() - tick
        numbers = {f"loss_{name}": self._side(float(value.detach())) for name, value in terms.items()}
        self.log.step(progress.step + 1, numbers, config.batch / seconds, rate)
        return Progress(progress.step + 1, progress.seconds + seconds)

    def _side(self, value: float) -> AV[float | None]:
        return self.lesson.senses.map(lambda used: value if used else None)

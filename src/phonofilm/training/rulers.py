"""Training of the ruler's networks: eye, ear and the two material classifiers, each a run of its own.

``python -m phonofilm.training.rulers eye runs/eye`` makes one of them again, from the newest checkpoint of that
folder; what it leaves in ``runs/eye/ruler`` is what stands in ``phonofilm/metrics/weights``.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from phonofilm.data.clapperboard import HELD_OUT, VERSION
from phonofilm.errors import SettingError, unknown_name
from phonofilm.metrics._store import save
from phonofilm.pair import AV
from phonofilm.training import checkpoint
from phonofilm.training.ema import Average
from phonofilm.training.log import RunLog
from phonofilm.training.order import mixed_seed
from phonofilm.training.ruler_lessons import LESSONS, Lesson, Scenes

WARMUP = 50
KEEP_CHECKPOINTS = 1
CLIP_NORM = 5.0
EMA = 0.998
WEIGHT_DECAY = 1e-3


class RulerTrainConfig(BaseModel):
    """One run.

    Attributes:
        part: which network: see :data:`phonofilm.training.ruler_lessons.LESSONS`.
        out: run folder: checkpoints, log, and the finished network.
        steps: length of the run.
        batch: clips a step.
        learning_rate: after warm-up; falls to zero along a half cosine.
        scenes, first_seed: Clapperboard scenes that are drawn into memory.
        seed: of weights, batches and damage.
        checkpoint_steps: steps between checkpoints.
        threads: CPU threads.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str
    out: Path
    steps: int = Field(gt=0)
    batch: int = Field(default=16, gt=0)
    learning_rate: float = Field(default=2e-3, gt=0)
    scenes: int = Field(default=1500, gt=0)
    first_seed: int = Field(default=0, ge=0)
    seed: int = 0
    checkpoint_steps: int = Field(default=100, gt=0)
    threads: int = Field(default=1, gt=0)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.learning_rate * min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / self.steps))


STEPS = {"eye": 800, "ear": 600, "picture-material": 300, "sound-material": 300}
"""Steps of the runs that made the shipped networks."""


def recipe(part: str, out: Path) -> RulerTrainConfig:
    """The run that made a shipped network.

    Raises:
        SettingError: for an unknown part.
    """
    if part not in STEPS:
        raise unknown_name("part of the ruler", part, STEPS)
    return RulerTrainConfig(part=part, out=out, steps=STEPS[part])


def train(config: RulerTrainConfig, quiet: bool = False) -> Path:
    """Run to the end, from the newest checkpoint if there is one.

    Returns:
        The folder with the finished network, its averaged weights in half precision: ``config.out / "ruler"``.

    Raises:
        SettingError: for an unknown part, or scenes that are kept for evaluation.
        WeightsError: if the run folder holds checkpoints of something else.
    """
    if config.part not in LESSONS:
        raise unknown_name("part of the ruler", config.part, LESSONS)
    if config.first_seed + config.scenes > HELD_OUT:
        raise SettingError(f"scenes from {HELD_OUT} on are kept for evaluation: choose a lower first_seed")
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # of the fresh weights; steps have generators of their own
    lesson = LESSONS[config.part](Scenes(config.first_seed, config.scenes))
    run = _run(config, lesson)
    found = checkpoint.newest(config.out / "checkpoints")
    progress = (
        checkpoint.Progress(0, 0.0) if found is None else checkpoint.load(found, run.state, run.average, run.optimizer)
    )
    with RunLog(config.out, config.steps, progress.step, quiet) as log:
        progress = run.to_the_end(progress, log)
    run.average.copy_to(run.state)
    made = {**config.model_dump(mode="json", exclude={"out", "threads"}), "clapperboard": VERSION}
    save(lesson.network, config.out / "ruler", {**made, "seconds": round(progress.seconds)})
    return config.out / "ruler"


@dataclass
class _Run:
    """The loop and what it does not change; ``state`` holds weights and the statistics of the batch norms."""

    config: RulerTrainConfig
    lesson: Lesson
    state: dict[str, Tensor]
    average: Average
    optimizer: torch.optim.Optimizer

    def to_the_end(self, progress: checkpoint.Progress, log: RunLog) -> checkpoint.Progress:
        """Step until the run is over; checkpoint now and then, and at the end."""
        folder = self.config.out / "checkpoints"
        log.start(progress.step)
        while progress.step < self.config.steps:
            progress = self._step(progress, log)
            if progress.step == self.config.steps or progress.step % self.config.checkpoint_steps == 0:
                checkpoint.save(folder, self.state, self.average, self.optimizer, progress)
                checkpoint.prune(folder, KEEP_CHECKPOINTS, set())
        return progress

    def _step(self, progress: checkpoint.Progress, log: RunLog) -> checkpoint.Progress:
        tick = time.monotonic()
        config = self.config
        generator = torch.Generator().manual_seed(mixed_seed(config.seed, 0, progress.step))
        terms = self.lesson.loss(generator, config.batch)
        self.optimizer.zero_grad()
        sum(terms.values(), torch.zeros(())).backward()
        torch.nn.utils.clip_grad_norm_(self.lesson.network.parameters(), CLIP_NORM)
        rate = config.rate(progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.average.update(self.state)
        seconds = time.monotonic() - tick
        numbers = {f"loss_{name}": self._side(float(value.detach())) for name, value in terms.items()}
        log.step(progress.step + 1, numbers, config.batch / seconds, rate)
        return checkpoint.Progress(progress.step + 1, progress.seconds + seconds)

    def _side(self, value: float) -> AV[float | None]:
        return self.lesson.senses.map(lambda used: value if used else None)


def _run(config: RulerTrainConfig, lesson: Lesson) -> _Run:
    state = {name: value for name, value in lesson.network.state_dict().items() if value.is_floating_point()}
    optimizer = torch.optim.AdamW(lesson.network.parameters(), lr=config.learning_rate, weight_decay=WEIGHT_DECAY)
    return _Run(config, lesson, state, Average(state, EMA), optimizer)


if __name__ == "__main__":
    train(recipe(sys.argv[1], Path(sys.argv[2])))

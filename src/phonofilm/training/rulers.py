"""Training of the ruler's networks: eye, ear and the two material classifiers, each a run of its own.

``python -m phonofilm.training.rulers eye runs/eye`` makes one of them again, from the newest checkpoint of that
folder; what it leaves in ``runs/eye/ruler`` is what stands in ``phonofilm/metrics/_ruler/weights``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from pydantic import Field

from phonofilm.data.clapperboard import VERSION, training_seeds
from phonofilm.errors import unknown_name
from phonofilm.metrics._ruler.store import save
from phonofilm.training.lesson import LessonConfig, teach
from phonofilm.training.ruler_lessons import LESSONS, Scenes


class RulerTrainConfig(LessonConfig):
    """One run; a batch is clips.

    Attributes:
        part: which network: see :data:`phonofilm.training.ruler_lessons.LESSONS`.
    """

    part: str
    batch: int = Field(default=16, gt=0)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup: int = Field(default=50, ge=0)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    weight_decay: float = Field(default=1e-3, ge=0)
    clip_norm: float = Field(default=5.0, gt=0)
    ema: float = Field(default=0.998, ge=0, lt=1)
    scenes: int = Field(default=1500, gt=0)


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
    training_seeds(config.first_seed, config.scenes)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # of the fresh weights; steps have generators of their own
    lesson = LESSONS[config.part](Scenes(config.first_seed, config.scenes))
    progress = teach(lesson, config, quiet)
    made = {**config.model_dump(mode="json", exclude={"out", "threads"}), "clapperboard": VERSION}
    save(lesson.network, config.out / "ruler", {**made, "seconds": round(progress.seconds)})
    return config.out / "ruler"


if __name__ == "__main__":
    train(recipe(sys.argv[1], Path(sys.argv[2])))

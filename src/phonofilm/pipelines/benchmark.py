"""Models on Clapperboard's held-out scenes: one report per contestant, beside true clips and chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonofilm import __version__
from phonofilm.codecs.base import Codec
from phonofilm.data.clapperboard import HELD_OUT, VERSION, Scene, render, sample_scene
from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics import Report, Subject, find, names, score
from phonofilm.pipelines.joint import Pipeline
from phonofilm.pipelines.request import Request, Settings
from phonofilm.shapes import ClipShape

TRUE = "true clips"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Contestant:
    """A model with sampling settings.

    Attributes:
        label: its row's name.
        pipe: the model at work.
        settings: how it is sampled.
    """

    label: str
    pipe: Pipeline
    settings: Settings

    def describe(self) -> dict[str, Any]:
        """What its result file says about it."""
        return {
            "label": self.label,
            "model": self.pipe.name,
            "weights": self.pipe.fingerprint,
            "settings": self.settings.to_json(),
        }


@dataclass(frozen=True)
class Task:
    """The held-out scenes that everyone is measured on.

    Attributes:
        count: number of scenes.
        first_seed: their seeds are ``first_seed``, ``first_seed + 1``, ...
        shape: of the clips.
        codec: whose latents Frechet distances are measured on.
    """

    count: int
    first_seed: int
    shape: ClipShape
    codec: Codec

    def __post_init__(self) -> None:
        if self.count < 2:
            raise SettingError(f"the number of prompts is {self.count}: choose at least 2, better 256")
        if self.first_seed < HELD_OUT:
            raise SettingError(f"seed {self.first_seed} was trained on: held-out scenes begin at {HELD_OUT}")

    def scenes(self) -> list[Scene]:
        """The scenes in the order of their seeds."""
        return self._scenes(self.first_seed)

    def true_clips(self) -> Iterator[Subject]:
        """The scenes as they are."""
        return self._rendered(self.scenes())

    def reference_clips(self) -> Iterator[Subject]:
        """As many other held-out scenes: Frechet distances are measured to these, so that true clips get one too."""
        return self._rendered(self._scenes(self.first_seed + self.count))

    def _scenes(self, first: int) -> list[Scene]:
        own = {"seconds": self.shape.seconds, "sample_rate": self.shape.sample_rate}
        return [sample_scene(seed, **own) for seed in range(first, first + self.count)]

    def _rendered(self, scenes: Sequence[Scene]) -> Iterator[Subject]:
        for scene in scenes:
            yield Subject(f"scene {scene.seed}", render(scene, self.shape), scene.caption, scene.events)

    def describe(self) -> dict[str, Any]:
        """What every result file says about the task."""
        return {"clapperboard": VERSION, "count": self.count, "first_seed": self.first_seed, "phonofilm": __version__}


def score_truth(task: Task, progress: Progress | None = None) -> Report:
    """Scores of the true clips: the ceiling, and by wrong pairs of them, chance."""
    return _score(_told(task.true_clips(), task.count, progress), task)


def score_contestant(one: Contestant, task: Task, progress: Progress | None = None) -> Report:
    """Scores of the clips that a contestant makes of the held-out captions; clip ``i`` has seed ``i``."""
    scenes = task.scenes()
    requests = [Request(scene.caption, seed, one.settings) for seed, scene in enumerate(scenes)]
    takes = one.pipe.stream(requests)
    clips = (
        Subject(f"{one.label}, scene {scene.seed}", take.clip, scene.caption)
        for scene, take in zip(scenes, takes, strict=True)
    )
    return _score(_told(clips, task.count, progress), task)


def save_result(path: Path, description: dict[str, Any], task: Task, report: Report) -> Path:
    """Write one row of the benchmark."""
    row = {"contestant": description, "task": task.describe(), "report": report.to_json()}
    return write_atomically(path, (json.dumps(row, indent=1) + "\n").encode(), force=True)


def read_result(path: Path, description: dict[str, Any], task: Task) -> dict[str, Any] | None:
    """A finished row; ``None`` if there is none of this very contestant and task."""
    try:
        row = json.loads(path.read_text())
        return row if (row["contestant"], row["task"]) == (description, task.describe()) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def markdown(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """The benchmark as a table: a value with its 95 % interval for each row and score, chance in the last row.

    Args:
        rows: as :func:`read_result` gives them, the true clips first.
        columns: names of scores.
    """
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        scores = row["report"]["scores"]
        lines.append(
            f"| {row['contestant']['label']} | " + " | ".join(_cell(scores.get(name)) for name in columns) + " |"
        )
    truth = rows[0]["report"]["scores"]
    chance = (_number(truth.get(name, {}).get("chance")) for name in columns)
    return "\n".join([*lines, "| chance (shuffled true clips) | " + " | ".join(chance) + " |"])


def _cell(score: dict[str, Any] | None) -> str:
    if score is None or score["value"] is None:
        return "-"
    interval = score["interval"]
    beside = "" if interval is None else f" ({_number(interval[0])} to {_number(interval[1])})"
    return _number(score["value"]) + beside


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _score(clips: Iterator[Subject], task: Task) -> Report:
    metrics = [find(name, task.codec) for name in names()]
    return score(clips, metrics, reference=task.reference_clips())


def _told(clips: Iterator[Subject], count: int, progress: Progress | None) -> Iterator[Subject]:
    for done, clip in enumerate(clips, start=1):
        yield clip
        if progress is not None:
            progress(done, count)

"""Rows of scores, each kept on disk under all that decides it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.sources import Source, codec_fingerprint, digest
from phonofilm.benchmarks.task import Task
from phonofilm.codecs.base import Codec
from phonofilm.errors import MediaError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics import Given, Metric, Subject, find, fingerprint

METRICS = ("sync-error", "event-sync", "avalign-svg", "event-count", "material-match", "frechet-latents")


@dataclass(frozen=True)
class Scorer:
    """Measures rows of one task.

    Attributes:
        task: the prompts and the reference clips.
        codec: whose latents Frechet distances are measured on.
        folder: finished rows are kept here.
        names: metrics.
        seed: of bootstrap and jackknife.
    """

    task: Task
    codec: Codec
    folder: Path
    names: tuple[str, ...] = METRICS
    seed: int = 0

    def finished(self, source: Source) -> dict[str, Any] | None:
        """A row that was scored before; ``None`` if there is none of these very clips and metrics.

        Raises:
            MediaError: if its file is damaged.
        """
        path = self._path(source)
        try:
            return {"label": source.label, **json.loads(path.read_text(encoding="utf-8"))} if path.exists() else None
        except (OSError, ValueError, TypeError) as error:
            raise MediaError(f"{path} is damaged ({error}): delete it, and run the command again") from error

    def score(self, source: Source, scored: Callable[[int], None]) -> dict[str, Any]:
        """The row of a source whose clips are made: its kind, identity and scores as plain values.

        Args:
            source: where the clips come from; one at a time is in memory.
            scored: told of each clip.
        """
        records: list[list[Any]] = [[] for _ in self._metrics]
        for index, scene in enumerate(self.task.scenes):
            subject = Subject(f"{source.label}, scene {scene.seed}", source.clip(index), scene.caption, scene.events)
            for gathered, metric in zip(records, self._metrics, strict=True):
                gathered.append(metric.measure(subject))
            scored(1)
        row = {"kind": source.kind, "identity": source.describe(), "scores": self._scores(records)}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path(source), (json.dumps(row, indent=1) + "\n").encode(), force=True)
        return {"label": source.label, **row}

    def describe(self) -> dict[str, Any]:
        """The ruler: metrics with their versions, its networks' weights, and the codec of the distances."""
        return {
            "metrics": [f"{metric.name}@{metric.version}" for metric in self._metrics],
            "ruler": fingerprint(),
            "codec": codec_fingerprint(self.codec),
            "seed": self.seed,
        }

    def _scores(self, records: Sequence[Sequence[Any]]) -> dict[str, Any]:
        found = [
            score
            for metric, reference, gathered in zip(self._metrics, self._references, records, strict=True)
            for score in metric.scores([one for one in gathered if one is not None], reference, self.seed)
        ]
        return {score.name: score.to_json() for score in found}

    def _path(self, source: Source) -> Path:
        return self.folder / f"{digest([source.describe(), self.task.describe(), self.describe()])}.json"

    @cached_property
    def _metrics(self) -> list[Metric[Any]]:
        return [find(name, Given(self.codec)) for name in self.names]

    @cached_property
    def _references(self) -> list[list[Any] | None]:
        """Reference records of the metrics that need them; the true clips' row is the others' ceiling."""
        compared = [metric.needs_reference for metric in self._metrics]
        records: list[list[Any] | None] = [[] if here else None for here in compared]
        for scene, clip in self.task.reference() if any(compared) else ():
            subject = Subject(f"reference scene {scene.seed}", clip, scene.caption)
            for gathered, metric in zip(records, self._metrics, strict=True):
                if gathered is not None:
                    gathered.append(metric.measure(subject))
        return records

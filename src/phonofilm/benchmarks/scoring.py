"""Rows of scores; what each metric says of a row is kept on disk under all that decides it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.sources import Source, codec_fingerprint, digest
from phonofilm.benchmarks.task import Task
from phonofilm.codecs.base import Codec
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics import Given, Metric, Subject, find, fingerprint
from phonofilm.metrics._finishing import finish
from phonofilm.metrics._gathering import Column, Pass
from phonofilm.metrics._run import look

METRICS = ("sync-error", "event-sync", "avalign-svg", "event-count", "material-match", "frechet-latents")


@dataclass(frozen=True)
class Scorer:
    """Measures rows of one task.

    Attributes:
        task: the prompts and the reference clips.
        codec: whose latents Frechet distances are measured on.
        folder: finished scores are kept here.
        names: metrics.
        seed: of bootstrap and jackknife.
    """

    task: Task
    codec: Codec
    folder: Path
    names: tuple[str, ...] = METRICS
    seed: int = 0

    def finished(self, source: Source) -> dict[str, Any] | None:
        """A row that was scored before; ``None`` if a metric has not scored these very clips.

        Raises:
            MediaError: if a file of it is damaged.
        """
        return None if self._lacking(source) else self._row(source)

    def score(self, source: Source, scored: Callable[[int], None]) -> dict[str, Any]:
        """The row of a source whose clips are made: its kind, identity and scores as plain values.

        Only metrics that have not scored it before look at the clips.

        Args:
            source: where the clips come from; one at a time is in memory.
            scored: told of each clip.

        Raises:
            MediaError: if a clip cannot be measured.
            SettingError: if a metric breaks: a row without it would be kept, and taken for finished.
        """
        lacking = self._lacking(source)
        own = look(self._clips(source, scored), lacking)
        if broken := [f"{one.name}: {it.broken}" for one, it in zip(lacking, own.columns, strict=True) if it.broken]:
            raise SettingError("; ".join(broken))
        report = finish(own, self._true(lacking), lacking, self.seed, skip_bad=False)
        self.folder.mkdir(parents=True, exist_ok=True)
        for metric in lacking:
            found = {one.name: one.to_json() for one in report.scores if one.definition == _label(metric)}
            write_atomically(self._path(source, metric), (json.dumps(found, indent=1) + "\n").encode(), force=True)
        return self._row(source)

    def _clips(self, source: Source, scored: Callable[[int], None]) -> Iterator[Subject]:
        for index, scene in enumerate(self.task.scenes):
            yield Subject(f"{source.label}, scene {scene.seed}", source.clip(index), scene.caption, scene.events)
            scored(1)

    def describe(self) -> dict[str, Any]:
        """The ruler: metrics with their versions, its networks' weights, and the codec of the distances."""
        return {"metrics": [_label(metric) for metric in self._metrics], **self._fixed()}

    def _fixed(self) -> dict[str, Any]:
        """What decides the scores of every metric."""
        return {"ruler": fingerprint(), "codec": codec_fingerprint(self.codec), "seed": self.seed}

    def _row(self, source: Source) -> dict[str, Any]:
        scores = [self._read(self._path(source, metric)) for metric in self._metrics]
        return {
            "label": source.label,
            "kind": source.kind,
            "identity": source.describe(),
            "scores": {name: score for some in scores for name, score in some.items()},
        }

    def _lacking(self, source: Source) -> list[Metric[Any]]:
        return [metric for metric in self._metrics if not self._path(source, metric).exists()]

    def _path(self, source: Source, metric: Metric[Any]) -> Path:
        return self.folder / f"{digest([source.describe(), self.task.describe(), _label(metric), self._fixed()])}.json"

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise MediaError(f"{path} is damaged ({error}): delete it, and run the command again") from error

    @cached_property
    def _metrics(self) -> list[Metric[Any]]:
        return [find(name, Given(self.codec)) for name in self.names]

    def _true(self, metrics: Sequence[Metric[Any]]) -> Pass | None:
        """What those of the metrics gathered of the reference clips that need such; of the others, nothing."""
        if not any(metric.needs_reference for metric in metrics):
            return None
        needed = dict(zip((one.name for one in self._needing), self._reference.columns, strict=True))
        true = Pass(len(metrics), skip_bad=False, rates=self._reference.rates)
        true.columns = [needed.get(one.name, Column()) for one in metrics]
        return true

    @cached_property
    def _needing(self) -> list[Metric[Any]]:
        return [metric for metric in self._metrics if metric.needs_reference]

    @cached_property
    def _reference(self) -> Pass:
        """The reference clips, for metrics that need such; of the others the true clips' row is the ceiling."""
        clips = (Subject(f"reference scene {one.seed}", clip, one.caption) for one, clip in self.task.reference())
        return look(clips, self._needing)


def _label(metric: Metric[Any]) -> str:
    return f"{metric.name}@{metric.version}"

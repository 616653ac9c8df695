"""From clips to scores: every metric sees every clip once, and one clip is in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from phonofilm.codecs.base import Codec
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics._find import chosen
from phonofilm.metrics._folder import films, subjects
from phonofilm.metrics._score import Metric, Score, Subject

FORMAT = "phonofilm-scores"
VERSION = 1

Progress = Callable[[int, int], None]
"""Called with the clips done and the clips in all."""


@dataclass(frozen=True)
class Report:
    """Scores of a set of clips.

    Attributes:
        scores: in the order of the metrics.
        clips: how many were scored.
        skipped: what was left out, by name, with the reason.
        source, reference: folders, where the clips came from such.
    """

    scores: tuple[Score, ...]
    clips: int
    skipped: dict[str, str]
    source: str = ""
    reference: str = ""

    def __getitem__(self, name: str) -> Score:
        """The score called ``name``; a ``KeyError`` lists those there are."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"{name} is not among {', '.join(score.name for score in self.scores)}")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "source": self.source,
            "reference": self.reference,
            "clips": self.clips,
            "skipped": self.skipped,
            "scores": {score.name: score.to_json() for score in self.scores},
        }

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the report as JSON, whole or not at all.

        Raises:
            MediaError: if the file exists (without ``force``) or cannot be written.
        """
        return write_atomically(Path(path), (json.dumps(self.to_json(), indent=1) + "\n").encode(), force=force)


@dataclass
class _Pass:
    """What is gathered while one set of clips goes by."""

    metrics: Sequence[Metric[Any]]
    skip_bad: bool
    measured: list[list[Any]] = field(init=False)
    rates: set[tuple[Fraction, int]] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    clips: int = 0

    def __post_init__(self) -> None:
        self.measured = [[] for _ in self.metrics]

    def refuse(self, name: str, reason: str) -> None:
        self.skipped[name] = reason

    def add(self, subject: Subject) -> None:
        """Measure one clip by every metric, or count it as skipped."""
        try:
            subject.whole()
            records = [metric.measure(subject) for metric in self.metrics]
        except MediaError as error:
            if not self.skip_bad:
                raise MediaError(str(error) if subject.name in str(error) else f"{subject.name}: {error}") from error
            self.refuse(subject.name, str(error))
            return
        for gathered, record in zip(self.measured, records, strict=True):
            if record is not None:
                gathered.append(record)
        self.rates.add((subject.clip.fps, subject.clip.sample_rate))
        self.clips += 1


def score(
    clips: Iterable[Subject],
    metrics: Sequence[Metric[Any]],
    *,
    reference: Iterable[Subject] | None = None,
    seed: int = 0,
    skip_bad: bool = False,
) -> Report:
    """Scores of clips.

    Args:
        clips: read once; one at a time is kept.
        metrics: see :func:`phonofilm.metrics.find`.
        reference: true clips: what Frechet distances are measured to, and the ceiling of the other scores.
        seed: of resampling and of wrong pairs.
        skip_bad: leave out and count clips that cannot be scored; otherwise they are errors.

    Raises:
        MediaError: naming the clip that cannot be scored; or if no clip is left.
    """
    return _finish(_through(clips, metrics, skip_bad), _reference(reference, metrics, skip_bad), seed)


def score_folder(
    folder: str | Path,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    *,
    codec: Codec | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Scores of the films in a folder.

    Args:
        folder: films, with a manifest or sidecars where there are such; see :func:`phonofilm.metrics._folder.films`.
        reference: folder of true films.
        metrics: names; default: all that can be had.
        codec: whose latents Frechet distances are measured on.
        seed, skip_bad: see :func:`score`.
        progress: told (films done, films in all).

    Raises:
        MediaError: if a folder or film cannot be scored; the message names it.
        SettingError: for an unknown metric, one that needs a codec, or a codec without a reference.
    """
    if codec is not None and reference is None:
        raise SettingError("a codec serves Frechet distances to true films: name their folder too (--reference)")
    wanted = chosen(metrics, codec, reference is not None)
    own, true = films(folder), films(reference) if reference is not None else None
    total, done = len(own) + len(true or ()), 0

    def counted(stream: Iterable[Subject]) -> Iterable[Subject]:
        nonlocal done
        for subject in stream:
            yield subject
            done += 1
            if progress is not None:
                progress(done, total)

    unread: dict[str, str] = {}
    refuse = unread.__setitem__ if skip_bad else None
    report = score(
        counted(subjects(own, refuse)),
        wanted,
        reference=None if true is None else counted(subjects(true, refuse)),
        seed=seed,
        skip_bad=skip_bad,
    )
    skipped = {**unread, **report.skipped}
    return replace(report, skipped=skipped, source=str(folder), reference="" if reference is None else str(reference))


def _through(clips: Iterable[Subject], metrics: Sequence[Metric[Any]], skip_bad: bool) -> _Pass:
    gathered = _Pass(metrics, skip_bad)
    for subject in clips:
        gathered.add(subject)
    if not gathered.clips:
        raise MediaError("there is no clip left to score: give at least one with picture and sound")
    return gathered


def _reference(clips: Iterable[Subject] | None, metrics: Sequence[Metric[Any]], skip_bad: bool) -> _Pass | None:
    return None if clips is None else _through(clips, metrics, skip_bad)


def _finish(own: _Pass, true: _Pass | None, seed: int) -> Report:
    if len({metric.name for metric in own.metrics}) != len(own.metrics):
        raise SettingError("a metric is named twice: name each once")
    fps = {rate for rate, _ in own.rates}
    sample_rates = {rate for _, rate in own.rates}
    scores: list[Score] = []
    for place, metric in enumerate(own.metrics):
        others = None if true is None else true.measured[place]
        ceilings = {one.name: one.value for one in metric.scores(others, None, seed)} if others else {}
        scores += [
            replace(
                one,
                ceiling=one.ceiling if one.ceiling is not None else ceilings.get(one.name),
                fps=next(iter(fps)) if len(fps) == 1 else None,
                sample_rate=next(iter(sample_rates)) if len(sample_rates) == 1 else None,
            )
            for one in metric.scores(own.measured[place], others, seed)
        ]
    skipped = {**own.skipped, **(true.skipped if true is not None else {})}
    return Report(tuple(scores), own.clips, skipped)

"""From clips to scores: every metric sees every clip once, and one clip is in memory at a time (and process)."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics._cache import Cache
from phonofilm.metrics._find import NOTHING, chosen
from phonofilm.metrics._folder import Film, films
from phonofilm.metrics._given import Given
from phonofilm.metrics._score import Metric, Score
from phonofilm.metrics._spool import Spool
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV
from phonofilm.workers import helpers

FORMAT = "phonofilm-scores"
VERSION = 1
AHEAD = 3
"""Films handed to each helping process: enough that none waits."""

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


@dataclass(frozen=True)
class Measured:
    """What is left of a clip once all metrics saw it.

    Attributes:
        records: one of each metric; ``None`` where the clip does not count.
        fps, sample_rate: of the clip.
    """

    records: list[Any]
    fps: Fraction
    sample_rate: int


@dataclass
class _Pass:
    """What is gathered while one set of clips goes by."""

    count: int
    skip_bad: bool
    measured: list[Spool[Any]] = field(init=False)
    rates: set[tuple[Fraction, int]] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    clips: int = 0

    def __post_init__(self) -> None:
        self.measured = [Spool() for _ in range(self.count)]

    def add(self, name: str, outcome: Measured | MediaError) -> None:
        """Keep what one clip gave, or count it as skipped."""
        if isinstance(outcome, MediaError):
            if not self.skip_bad:
                raise outcome
            self.skipped[name] = str(outcome)
            return
        for gathered, record in zip(self.measured, outcome.records, strict=True):
            if record is not None:
                gathered.append(record)
        self.rates.add((outcome.fps, outcome.sample_rate))
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

    def through(some: Iterable[Subject]) -> _Pass:
        return _gather(((one.name, _measured(one, metrics)) for one in some), len(metrics), skip_bad)

    return _finish(through(clips), None if reference is None else through(reference), metrics, seed)


def score_folder(
    folder: str | Path,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    *,
    given: Given = NOTHING,
    seed: int = 0,
    skip_bad: bool = False,
    workers: int = 1,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Scores of the films in a folder.

    Args:
        folder: films, with a manifest or sidecars where there are such; see :func:`phonofilm.metrics._folder.films`.
        reference: folder of true films.
        metrics: names; default: all that can be had.
        given: codec and weights of published networks, for metrics that need such.
        seed, skip_bad: see :func:`score`.
        workers: processes that look at films.
        cache: folder where what was read of each film is kept, and found again; ``None``: nothing is kept.
        progress: told (films done, films in all).

    Raises:
        MediaError: if a folder or film cannot be scored; the message names it.
        SettingError: for an unknown metric, one that needs a codec, a codec without a reference, no worker, or a cache
            that cannot be written.
    """
    if given.codec is not None and reference is None:
        raise SettingError("a codec serves Frechet distances to true films: name their folder too (--reference)")
    if workers < 1:
        raise SettingError(f"{workers} workers look at nothing: give at least 1")
    wanted = chosen(metrics, given, reference is not None)
    own, true = films(folder), films(reference) if reference is not None else None
    total, done = len(own) + len(true or ()), 0
    kept = None if cache is None else Cache(Path(cache))

    def through(some: Sequence[Film]) -> _Pass:
        def counted() -> Iterator[tuple[str, Measured | MediaError]]:
            nonlocal done
            for outcome in _outcomes(some, wanted, kept, workers):
                yield outcome
                done += 1
                if progress is not None:
                    progress(done, total)

        return _gather(counted(), len(wanted), skip_bad)

    report = _finish(through(own), None if true is None else through(true), wanted, seed)
    return replace(report, source=str(folder), reference="" if reference is None else str(reference))


def _measured(subject: Subject, metrics: Sequence[Metric[Any]]) -> Measured | MediaError:
    """Every metric's record of a clip, or why there is none."""
    try:
        needed = [metric.uses for metric in metrics]
        subject.check(AV(any(one.video for one in needed), any(one.audio for one in needed)))
        records = [metric.measure(subject) for metric in metrics]
        return Measured(records, subject.facts.fps, subject.facts.sample_rate)
    except MediaError as error:
        return error if subject.name in str(error) else MediaError(f"{subject.name}: {error}")


def _of_film(film: Film, metrics: Sequence[Metric[Any]], cache: Cache | None) -> Measured | MediaError:
    try:
        subject = film.subject(cache)
    except MediaError as error:
        return error
    return _measured(subject, metrics)


def _outcomes(
    films: Sequence[Film], metrics: Sequence[Metric[Any]], cache: Cache | None, workers: int
) -> Iterator[tuple[str, Measured | MediaError]]:
    """What each film gave, in their order."""
    if workers == 1:
        yield from ((str(film.path), _of_film(film, metrics, cache)) for film in films)
        return
    rest = iter(films)
    running: deque[tuple[Film, Future[Measured | MediaError]]] = deque()
    with helpers(workers, _begin, metrics, cache) as pool:

        def begin(count: int) -> None:
            running.extend((film, pool.schedule(_in_helper, (film,))) for film in islice(rest, count))

        begin(AHEAD * workers)
        while running:
            film, future = running.popleft()
            outcome = future.result()
            begin(1)
            yield str(film.path), outcome


_helping: tuple[Sequence[Metric[Any]], Cache | None]


def _begin(metrics: Sequence[Metric[Any]], cache: Cache | None) -> None:
    global _helping
    _helping = (metrics, cache)


def _in_helper(film: Film) -> Measured | MediaError:
    return _of_film(film, *_helping)


def _gather(outcomes: Iterable[tuple[str, Measured | MediaError]], count: int, skip_bad: bool) -> _Pass:
    gathered = _Pass(count, skip_bad)
    for name, outcome in outcomes:
        gathered.add(name, outcome)
    if not gathered.clips:
        raise MediaError("there is no clip left to score: give at least one with picture and sound")
    return gathered


def _finish(own: _Pass, true: _Pass | None, metrics: Sequence[Metric[Any]], seed: int) -> Report:
    if len({metric.name for metric in metrics}) != len(metrics):
        raise SettingError("a metric is named twice: name each once")
    fps = {rate for rate, _ in own.rates}
    sample_rates = {rate for _, rate in own.rates}
    scores: list[Score] = []
    for place, metric in enumerate(metrics):
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

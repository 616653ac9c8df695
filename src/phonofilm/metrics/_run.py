"""From clips to scores: every metric sees every clip once, and one clip is in memory at a time (and process)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError, PhonofilmError, SettingError
from phonofilm.metrics._cache import Cache
from phonofilm.metrics._find import NOTHING, chosen
from phonofilm.metrics._folder import Film, films
from phonofilm.metrics._given import Given
from phonofilm.metrics._looking import Broken, Looker, Measured, Refused
from phonofilm.metrics._report import Report
from phonofilm.metrics._score import Metric, Score
from phonofilm.metrics._spool import Spool
from phonofilm.metrics._subject import Subject
from phonofilm.workers import helpers

AHEAD = 3
"""Films handed to each helping process: enough that none waits."""

Progress = Callable[[int, int], None]
"""Called with the clips done and the clips in all."""


@dataclass
class _Column:
    """What one metric gathered of one set of clips.

    Attributes:
        records, names: of the clips that count.
        refused: clips that it could not measure, with the reason.
        broken: why it could measure none; ``None`` if it could.
    """

    records: Spool[Any] = field(default_factory=Spool)
    names: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    broken: str | None = None

    def add(self, name: str, record: Any) -> None:
        """Keep what one clip gave, if anything."""
        if isinstance(record, Broken):
            self.broken = self.broken or record.reason
        elif isinstance(record, Refused):
            self.refused[name] = record.reason
        elif record is not None:
            self.records.append(record)
            self.names.append(name)


@dataclass
class _Pass:
    """What is gathered while one set of clips goes by."""

    count: int
    skip_bad: bool
    columns: list[_Column] = field(init=False)
    rates: set[tuple[Fraction, int]] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    clips: int = 0

    def __post_init__(self) -> None:
        self.columns = [_Column() for _ in range(self.count)]

    def add(self, name: str, outcome: Measured | MediaError) -> None:
        """Keep what one clip gave; or count it as left out, if that is allowed."""
        bad = _complaint(outcome)
        if bad is not None and not self.skip_bad:
            raise MediaError(bad)
        if isinstance(outcome, MediaError) or all(isinstance(one, Refused) for one in outcome.records):
            self.skipped[name] = bad or ""
            return
        for column, record in zip(self.columns, outcome.records, strict=True):
            column.add(name, record)
        self.rates.add((outcome.fps, outcome.sample_rate))
        self.clips += 1


def _complaint(outcome: Measured | MediaError) -> str | None:
    """What is wrong with a clip, if anything."""
    if isinstance(outcome, MediaError):
        return str(outcome)
    return next((one.reason for one in outcome.records if isinstance(one, Refused)), None)


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
        skip_bad: leave out clips that cannot be scored, each from the metrics that refuse it, and count them;
            otherwise they are errors.

    Raises:
        MediaError: naming the clip that cannot be scored; or if no clip is left.
    """
    looker = Looker(metrics)

    def through(some: Iterable[Subject]) -> _Pass:
        return _gather(((one.name, looker.clip(one)) for one in some), len(metrics), skip_bad)

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
    asked = None if metrics is None else chosen(metrics, given, reference is not None)
    own, true = films(folder), films(reference) if reference is not None else None
    has_pairs = {film.path.stem for film in own} <= {film.path.stem for film in true or ()}
    wanted = chosen(None, given, reference is not None, has_pairs) if asked is None else asked
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


def _outcomes(
    films: Sequence[Film], metrics: Sequence[Metric[Any]], cache: Cache | None, workers: int
) -> Iterator[tuple[str, Measured | MediaError]]:
    """What each film gave, in their order."""
    if workers == 1:
        looker = Looker(metrics)
        yield from ((str(film.path), looker.film(film, cache)) for film in films)
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


_helping: tuple[Looker, Cache | None]


def _begin(metrics: Sequence[Metric[Any]], cache: Cache | None) -> None:
    global _helping
    _helping = (Looker(metrics), cache)


def _in_helper(film: Film) -> Measured | MediaError:
    looker, cache = _helping
    return looker.film(film, cache)


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
    refused, counted = {}, {}
    for place, metric in enumerate(metrics):
        column, others = own.columns[place], None if true is None else true.columns[place]
        scores += [
            replace(
                one,
                excluded=len(own.skipped) + len(column.refused),
                fps=next(iter(fps)) if len(fps) == 1 else None,
                sample_rate=next(iter(sample_rates)) if len(sample_rates) == 1 else None,
            )
            for one in _scores(metric, column, others, seed)
        ]
        definition = f"{metric.name}@{metric.version}"
        counted[definition] = [Path(name).name for name in column.names]
        if bad := {**column.refused, **({} if others is None else others.refused)}:
            refused[definition] = bad
    skipped = {**own.skipped, **(true.skipped if true is not None else {})}
    return Report(tuple(scores), own.clips, skipped, refused, counted)


def _scores(metric: Metric[Any], own: _Column, true: _Column | None, seed: int) -> list[Score]:
    """A metric's scores with their ceilings, or why there are none; the others go on."""
    try:
        if broken := own.broken or (true and true.broken):
            raise SettingError(broken)
        records = None if true is None else true.records
        found = metric.scores(own.records, records, seed)
        ceilings = {one.name: one.value for one in metric.scores(records, None, seed)} if records else {}
    except PhonofilmError as error:
        return [replace(one, reason=str(error)) for one in metric.scores([], None, seed)]
    return [replace(one, ceiling=ceilings.get(one.name) if one.ceiling is None else one.ceiling) for one in found]

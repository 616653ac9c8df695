"""From clips to scores: every metric sees every clip once, and one clip is in memory at a time (and process)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.digest import file_sha256
from phonofilm.metrics._cache import Cache
from phonofilm.metrics._find import NOTHING, check_weights, chosen, kinds
from phonofilm.metrics._finishing import finish
from phonofilm.metrics._folder import Film, films, pairing_name, unreadable
from phonofilm.metrics._gathering import Pass, gather
from phonofilm.metrics._given import Given
from phonofilm.metrics._looking import Looker, Measured
from phonofilm.metrics._report import Report
from phonofilm.metrics._score import Metric
from phonofilm.metrics._subject import Subject
from phonofilm.metrics._unused import borrowed, unused
from phonofilm.workers import helpers

AHEAD = 3
"""Films handed to each helping process: enough that none waits."""

Progress = Callable[[int, int], None]
"""Called with the clips done and the clips in all."""


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
    true = None if reference is None else look(reference, metrics, skip_bad=skip_bad)
    return finish(look(clips, metrics, skip_bad=skip_bad), true, metrics, seed, skip_bad)


def look(clips: Iterable[Subject], metrics: Sequence[Metric[Any]], *, skip_bad: bool = False) -> Pass:
    """What metrics gather of clips, for :func:`phonofilm.metrics._finishing.finish`; arguments as of :func:`score`.

    Raises:
        MediaError: see :func:`score`.
    """
    looker = Looker(metrics)
    return gather(((one.name, looker.clip(one)) for one in clips), len(metrics), skip_bad)


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
        workers: processes that look at films; never more than there are films.
        cache: folder where what was read of each film is kept, and found again; ``None``: nothing is kept.
        progress: told (films done, films in all).

    Raises:
        MediaError: if a folder or film cannot be scored; the message names it.
        SettingError: for an unknown metric or weights, one that lacks what it needs, a codec without a reference, no
            worker, or a cache that cannot be written.
    """
    _check(given, None if metrics is None else kinds(metrics), reference is not None, workers)
    asked = None if metrics is None else chosen(metrics, given, reference is not None)
    own, true = films(folder), films(reference) if reference is not None else None
    wanted = chosen(None, given, true is not None, _has_pairs(own, true or ())) if asked is None else asked
    total, done = len(own) + len(true or ()), 0
    kept = None if cache is None else Cache(Path(cache))

    digests: dict[str, str] | None = {} if any(metric.needs_reference for metric in wanted) else None

    def through(some: Sequence[Film], known: dict[str, str] | None = None) -> Pass:
        def counted() -> Iterator[tuple[str, Measured | MediaError]]:
            nonlocal done
            for film, outcome in zip(some, _outcomes(some, wanted, kept, workers), strict=True):
                yield str(film.path), outcome if known is None else _digested(film, outcome, known)
                done += 1
                if progress is not None:
                    progress(done, total)

        return gather(counted(), len(wanted), skip_bad)

    passes = through(own), None if true is None else through(true, digests)
    report = finish(*passes, wanted, seed, skip_bad, digests or {})
    beside = unused(folder, own)
    if reference is not None and true is not None:
        beside = [*borrowed(own, true), *beside, *unused(reference, true)]
    return replace(
        report,
        notes=tuple(dict.fromkeys([*report.notes, *beside])),  # one folder may be both
        source=str(folder),
        reference="" if reference is None else str(reference),
    )


def _check(given: Given, wanted: Mapping[str, type[Metric[Any]]] | None, has_reference: bool, workers: int) -> None:
    """What can be known to be wrong before any film is looked for, or any weights opened."""
    if given.codec is not None and not has_reference:
        raise SettingError("a codec serves Frechet distances to true films: name their folder too (--reference)")
    if workers < 1:
        raise SettingError(f"{workers} workers look at nothing: give at least 1")
    check_weights(given)
    lonely = [] if has_reference else [name for name, one in (wanted or {}).items() if one.needs_reference]
    if lonely:
        raise SettingError(f"{', '.join(lonely)} compares with true films: name their folder (--reference)")


def _has_pairs(own: Sequence[Film], true: Sequence[Film]) -> bool:
    """Whether a film has a partner; one is enough, since of those without, metrics of pairs say so themselves."""
    names, others = ({pairing_name(film.path.name) for film in some} for some in (own, true))
    return not names.isdisjoint(others)


def _digested(film: Film, outcome: Measured | MediaError, known: dict[str, str]) -> Measured | MediaError:
    """The same outcome, with the digest of the film's bytes noted; or that the film is gone."""
    if isinstance(outcome, Measured):
        try:
            known[str(film.path)] = file_sha256(film.path)
        except OSError as error:
            return unreadable(film.path, error)
    return outcome


def _outcomes(
    films: Sequence[Film], metrics: Sequence[Metric[Any]], cache: Cache | None, workers: int
) -> Iterator[Measured | MediaError]:
    """What each film gave, in their order."""
    workers = min(workers, len(films))  # a process without a film costs its start and its memory
    if workers <= 1:
        looker = Looker(metrics)
        yield from (looker.film(film, cache) for film in films)
        return
    rest = iter(films)
    running: deque[Future[Measured | MediaError]] = deque()
    with helpers(workers, _begin, metrics, cache) as pool:

        def begin(count: int) -> None:
            running.extend(pool.schedule(_in_helper, (film,)) for film in islice(rest, count))

        begin(AHEAD * workers)
        while running:
            outcome = running.popleft().result()
            begin(1)
            yield outcome


_helping: tuple[Looker, Cache | None]


def _begin(metrics: Sequence[Metric[Any]], cache: Cache | None) -> None:
    global _helping
    _helping = (Looker(metrics), cache)


def _in_helper(film: Film) -> Measured | MediaError:
    looker, cache = _helping
    return looker.film(film, cache)

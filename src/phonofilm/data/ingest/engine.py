"""Running a stage: the jobs that are missing, by whichever engine, each result on disk before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure, Row
from phonofilm.data.ingest.stage import Parts, RowT

Progress = Callable[[int, int], None]
"""Called with jobs done and jobs in all."""


class Engine(Protocol):
    """Where jobs run.

    Processes here (:class:`phonofilm.data.ingest.pool.Pool`), or on the machines of a Ray cluster
    (:class:`phonofilm.data.ingest.cluster.Cluster`).
    """

    def __call__(
        self, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[str, Any | Failure]]:
        """``work(settings, job)`` for every job, in whatever order they end: names with results or failures."""
        ...


def run(
    parts: Parts[RowT],
    jobs: Mapping[str, Any],
    engine: Engine,
    limits: Limits,
    *,
    retry: bool = False,
    progress: Progress = lambda done, total: None,
) -> None:
    """Make the parts of a stage that are not there; stopped at any moment, it goes on where it was.

    Args:
        parts: of the stage.
        jobs: all that this run does, by name; a job without rows is a job done.
        engine: where they run.
        limits: of each.
        retry: jobs too that had a fault.
        progress: told after each job.

    Raises:
        PhonofilmError: what ended the run, see the engine; all results until then are kept.
    """
    missing = set(parts.missing(jobs))
    todo = {name: job for name, job in jobs.items() if name in missing or (retry and _failed(parts.result(name)))}
    done = len(jobs) - len(todo)
    progress(done, len(jobs))
    for name, result in engine(parts.stage.work, parts.stage.settings, todo, limits):
        parts.keep(name, result)
        done += 1
        progress(done, len(jobs))


def _failed(result: Sequence[Row] | Failure) -> bool:
    """The job had a fault, or found one; what is merely unwanted is none."""
    rows = [result] if isinstance(result, Failure) else result
    return any(
        isinstance(reason, Reason) and reason.is_fault for reason in (getattr(row, "reason", None) for row in rows)
    )

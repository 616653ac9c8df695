"""Work in child processes with limits: a film that hangs or crashes the decoder costs that film only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from traceback import format_exception
from typing import Any, Protocol, runtime_checkable

from pebble import ProcessExpired, ProcessPool

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.errors import (
    MediaError,
    PhonofilmError,
    StorageError,
    TimestampError,
    UnforeseenError,
    UnsupportedMediaError,
)
from phonofilm.media.faults import is_shortage
from phonofilm.workers import helpers

AHEAD = 2
"""Jobs handed to the pool for each worker: enough that none waits, few enough that memory does not grow."""
GIB = 2**30
CLIPS = 500
"""So many take as long as a GiB of film may."""
NAMED = 20
"""Films that a message names one by one."""


@dataclass(frozen=True)
class Limits:
    """What one job may take; a job is one source file.

    Attributes:
        seconds: of wall time for one unit of :func:`effort`: long films and many clips may take longer.
        memory: bytes that its process may hold; ``None``: no limit. Kept on Linux only.
    """

    seconds: float = 3600.0
    memory: int | None = None


@runtime_checkable
class OfFilm(Protocol):
    """A job that says which film it is about."""

    @property
    def place(self) -> Path:
        """Where the film is."""
        ...


@runtime_checkable
class OfClips(Protocol):
    """A job that does something with each of several clips."""

    @property
    def clips(self) -> Sequence[Any]:
        """They."""
        ...


def effort(job: Any) -> float:
    """How much there is to do: GiB of the film, or :data:`CLIPS` clips if these are more, and at least 1.

    The size is that of the file, which no header can lie about; more of it is more pictures, or larger ones.
    """
    size = os.path.getsize(job.place) if isinstance(job, OfFilm) and os.path.exists(job.place) else 0
    clips = len(job.clips) if isinstance(job, OfClips) else 0
    return max(1.0, size / GIB, clips / CLIPS)


@dataclass(frozen=True)
class Mistake:
    """An error that no film should cause, met with one: nothing is known of the film.

    Attributes:
        said: class and message, in a line.
        traceback: of the process that met it.
    """

    said: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> Mistake:
        """What an exception says; those of child processes hold the traceback of where they were raised."""
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return cls(said, "".join(format_exception(type(error), error, error.__traceback__)))


@dataclass(frozen=True)
class Children:
    """Processes of this one that work within limits; see :func:`children`.

    Attributes:
        pool: of them.
        limits: of each job.
    """

    pool: ProcessPool
    limits: Limits

    def begin(self, work: Callable[[Any, Any], Any], settings: Any, job: Any) -> futures.Future[Any]:
        """Have ``work(settings, job)`` done; its time begins when a process is free for it."""
        return self.pool.schedule(work, args=(settings, job), timeout=self.limits.seconds * effort(job))

    def outcome(self, future: futures.Future[Any], job: Any) -> Any | Failure | Mistake:
        """What a job brought, once it has ended.

        Raises:
            PhonofilmError: what no film can cause and would meet all of them, such as a full disk.
        """
        error = future.exception()
        return future.result() if error is None else self._meaning(error, job)

    def _meaning(self, error: BaseException, job: Any) -> Failure | Mistake:
        limits = self.limits
        if isinstance(error, futures.TimeoutError):  # the built-in one from Python 3.11 on
            return Failure(reason=Reason.TIMEOUT, message=f"it took more than {limits.seconds * effort(job):g} s")
        if isinstance(error, ProcessExpired):  # an OSError too
            return Failure(reason=Reason.CRASH, message=f"the process that decoded it ended with {error.exitcode}")
        if isinstance(error, (MemoryError, OSError)) and is_shortage(error):
            allowed = "there is" if limits.memory is None else f"the {limits.memory} bytes that are allowed"
            return Failure(reason=Reason.MEMORY, message=f"it took more memory than {allowed}")
        if isinstance(error, UnsupportedMediaError):
            return Failure(reason=Reason.UNSUPPORTED, message=str(error))
        if isinstance(error, TimestampError):
            return Failure(reason=Reason.BAD_TIMESTAMPS, message=str(error))
        if isinstance(error, MediaError) and not isinstance(error, StorageError):
            return Failure(reason=Reason.DAMAGED, message=str(error))
        if isinstance(error, PhonofilmError) or not isinstance(error, Exception):
            raise error
        return Mistake.of(error)


@contextmanager
def children(count: int, limits: Limits) -> Iterator[Children]:
    """Processes that end with the block, at once if it fails, and with this process, however that ends.

    Args:
        count: of them; one that hangs, dies or takes too much is replaced.
        limits: of each job.
    """
    with helpers(count, _limit, limits.memory) as pool:
        yield Children(pool, limits)


@dataclass(frozen=True)
class Pool:
    """An engine of child processes on this machine.

    Attributes:
        workers: their number.
    """

    workers: int

    def __call__(
        self, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[str, Any | Failure]]:
        """See :class:`phonofilm.data.ingest.engine.Engine`; no process starts where there is nothing to do."""
        if not jobs:
            return
        workers = min(self.workers, len(jobs))
        with children(workers, limits) as own:
            yield from without_mistakes(self._outcomes(own, AHEAD * workers, work, settings, jobs), jobs)

    def _outcomes(
        self, own: Children, ahead: int, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any]
    ) -> Iterator[tuple[str, Any | Failure | Mistake]]:
        queue = iter(jobs.items())
        running: dict[futures.Future[Any], str] = {}

        def fill(count: int) -> None:
            for name, job in islice(queue, count):
                running[own.begin(work, settings, job)] = name

        fill(ahead)
        while running:
            done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
            fill(len(done))
            for future in done:
                name = running.pop(future)
                yield name, own.outcome(future, jobs[name])


def without_mistakes(
    outcomes: Iterator[tuple[str, Any | Failure | Mistake]], jobs: Mapping[str, Any]
) -> Iterator[tuple[str, Any | Failure]]:
    """The outcomes of jobs but for mistakes, which are told once all others are there.

    Raises:
        UnforeseenError: at the end, if there were any.
    """
    met: dict[str, Mistake] = {}
    for name, outcome in outcomes:
        if isinstance(outcome, Mistake):
            met[name] = outcome
        else:
            yield name, outcome
    if met:
        raise UnforeseenError(_told({_called(name, jobs[name]): mistake for name, mistake in met.items()}, len(jobs)))


def _called(name: str, job: Any) -> str:
    return str(job.place) if isinstance(job, OfFilm) else name


def _told(met: Mapping[str, Mistake], jobs: int) -> str:
    """A sentence, the films, and the traceback of the first."""
    some = [f"  {name}: {mistake.said}" for name, mistake in islice(met.items(), NAMED)]
    more = [f"  and {len(met) - NAMED} more"] if len(met) > NAMED else []
    head = (
        f"{len(met)} of {jobs} jobs met an error that no film should cause; the others are done, and these are tried "
        "again when the command is given again: mend your plug-in, or report this"
    )
    return "\n".join([head, *some, *more, next(iter(met.values())).traceback.rstrip()])


def _limit(memory: int | None) -> None:
    """Bound the memory of this process, where that can be done."""
    if memory is None:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

"""Work in child processes with limits: a film that hangs or crashes the decoder costs that film only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any

from phonofilm.data.ingest.reasons import Reason
from phonofilm.errors import MediaError

AHEAD = 2
"""Jobs handed to the pool for each worker: enough that none waits, few enough that memory does not grow."""


@dataclass(frozen=True)
class Limits:
    """What one job may take.

    Attributes:
        seconds: of wall time.
        memory: bytes that its process may hold; ``None``: no limit. Kept on Linux only.
    """

    seconds: float = 600.0
    memory: int | None = None


@dataclass(frozen=True)
class Failure:
    """A job that brought nothing.

    Attributes:
        reason: its class.
        message: what happened, in a sentence.
    """

    reason: Reason
    message: str


def run(
    work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], workers: int, limits: Limits
) -> Iterator[tuple[str, Any | Failure]]:
    """``work(settings, job)`` for every job, in child processes, in whatever order they end.

    Args:
        work: a function that any process can import.
        settings: the same for all jobs.
        jobs: by name.
        workers: processes.
        limits: of each job.

    Yields:
        Name and result of each job; a :class:`Failure` where there is none.
    """
    from pebble import ProcessPool

    # spawn, since a forked child of a process with running threads can hang
    with ProcessPool(workers, initializer=_begin, initargs=(limits.memory,), context=get_context("spawn")) as pool:
        queue = iter(jobs.items())
        running: dict[futures.Future[Any], str] = {}

        def fill(count: int) -> None:
            for name, job in islice(queue, count):
                running[pool.schedule(work, args=(settings, job), timeout=limits.seconds)] = name

        try:
            fill(AHEAD * workers)
            while running:
                done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                fill(len(done))
                for future in done:
                    yield running.pop(future), _result(future, limits)
        except BaseException:
            pool.stop()
            raise


def _result(future: futures.Future[Any], limits: Limits) -> Any | Failure:
    from pebble import ProcessExpired

    try:
        return future.result()
    except futures.TimeoutError:  # the built-in one from Python 3.11 on
        return Failure(Reason.TIMEOUT, f"it took more than {limits.seconds:g} s")
    except MemoryError:
        return Failure(Reason.MEMORY, f"it took more than {limits.memory} bytes of memory")
    except ProcessExpired as error:
        return Failure(Reason.CRASH, f"the process that decoded it ended with {error.exitcode}")
    except MediaError as error:
        return Failure(Reason.DAMAGED, str(error))


def _begin(memory: int | None) -> None:
    """Set a child's limits; it leaves when its parent does."""
    if memory is None:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

"""Work in child processes with limits: a film that hangs or crashes the decoder costs that film only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.errors import MediaError, UnsupportedMediaError
from phonofilm.workers import leave_with

AHEAD = 2
"""Jobs handed to the pool for each worker: enough that none waits, few enough that memory does not grow."""


@dataclass(frozen=True)
class Limits:
    """What one job may take; a job is one source file.

    Attributes:
        seconds: of wall time.
        memory: bytes that its process may hold; ``None``: no limit. Kept on Linux only.
    """

    seconds: float = 3600.0
    memory: int | None = None


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
        from pebble import ProcessPool

        context = get_context("spawn")  # a forked child of a process with running threads can hang
        listening, held = context.Pipe(duplex=False)
        workers = min(self.workers, len(jobs))
        with (
            listening,
            held,
            ProcessPool(workers, initializer=_begin, initargs=(listening, limits.memory), context=context) as pool,
        ):
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
        return Failure(reason=Reason.TIMEOUT, message=f"it took more than {limits.seconds:g} s")
    except MemoryError:
        return Failure(reason=Reason.MEMORY, message=f"it took more than {limits.memory} bytes of memory")
    except ProcessExpired as error:
        return Failure(reason=Reason.CRASH, message=f"the process that decoded it ended with {error.exitcode}")
    except UnsupportedMediaError as error:
        return Failure(reason=Reason.UNSUPPORTED, message=str(error))
    except MediaError as error:
        return Failure(reason=Reason.DAMAGED, message=str(error))


def _begin(listening: Connection, memory: int | None) -> None:
    """Tie a child to its parent, and set its limits."""
    leave_with(listening)
    if memory is None:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

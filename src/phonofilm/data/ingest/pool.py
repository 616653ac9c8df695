"""Work in child processes with limits: a film that hangs or crashes the decoder costs that film only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pebble import ProcessExpired, ProcessPool

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.errors import MediaError, StorageError, UnsupportedMediaError
from phonofilm.media.faults import is_shortage
from phonofilm.workers import helpers

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
        return self.pool.schedule(work, args=(settings, job), timeout=self.limits.seconds)

    def outcome(self, future: futures.Future[Any]) -> Any | Failure:
        """What a job brought, once it has ended; errors that no film can cause are raised."""
        limits = self.limits
        try:
            return future.result()
        except futures.TimeoutError:  # the built-in one from Python 3.11 on
            return Failure(reason=Reason.TIMEOUT, message=f"it took more than {limits.seconds:g} s")
        except ProcessExpired as error:  # an OSError too
            return Failure(reason=Reason.CRASH, message=f"the process that decoded it ended with {error.exitcode}")
        except (MemoryError, OSError) as error:
            if not is_shortage(error):
                raise
            allowed = "there is" if limits.memory is None else f"the {limits.memory} bytes that are allowed"
            return Failure(reason=Reason.MEMORY, message=f"it took more memory than {allowed}")
        except StorageError:
            raise
        except UnsupportedMediaError as error:
            return Failure(reason=Reason.UNSUPPORTED, message=str(error))
        except MediaError as error:
            return Failure(reason=Reason.DAMAGED, message=str(error))


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
        queue = iter(jobs.items())
        running: dict[futures.Future[Any], str] = {}
        with children(workers, limits) as own:

            def fill(count: int) -> None:
                for name, job in islice(queue, count):
                    running[own.begin(work, settings, job)] = name

            fill(AHEAD * workers)
            while running:
                done, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
                fill(len(done))
                for future in done:
                    yield running.pop(future), own.outcome(future)


def _limit(memory: int | None) -> None:
    """Bound the memory of this process, where that can be done."""
    if memory is None:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

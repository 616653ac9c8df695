"""Work on the machines of a Ray cluster: workers with a CPU each, whose child processes keep the limits of one machine.

The folders of the films and of the work must be the same on all machines, under the same paths; results come back to
the process that asked, and are kept there.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any

import av

from phonofilm import __version__
from phonofilm.data.ingest.joining import library
from phonofilm.data.ingest.pool import Limits, Mistake, children, without_mistakes
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.data.ingest.stage import versions
from phonofilm.errors import SettingError

PATIENCE = 300.0
"""Seconds that a cluster may leave us without any worker."""
TRIES = 3
"""Times that a film is given to a worker which is lost with it, until the film is held to be the cause; likewise
workers one after the other that are lost before they have a film."""


@dataclass(frozen=True)
class Cluster:
    """An engine of workers on the cluster that this process belongs to.

    Attributes:
        workers: their number; 0: one for each CPU of the cluster.
        films: folder of the films, which all machines must see.
        work: folder that they write.
        patience: seconds without any worker after which it gives up.
    """

    workers: int
    films: Path
    work: Path
    patience: float = PATIENCE

    def __call__(
        self, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[str, Any | Failure]]:
        """See :class:`phonofilm.data.ingest.engine.Engine`; workers that are lost are replaced.

        Raises:
            SettingError: if a machine does not see the folders or has other software, or if there is no worker.
        """
        if not jobs:
            return
        ray = library()
        count = self.workers or max(1, int(ray.cluster_resources().get("CPU", 0)))
        make = ray.remote(num_cpus=1)(Worker).remote
        with _landmarks(self.films, self.work) as landmarks:
            crew = _Crew(
                ray,
                hire=lambda: make(limits, Path.cwd()),
                look=lambda worker: worker.look.remote(landmarks),
                give=lambda worker, name: worker.run.remote(work, settings, jobs[name]),
                queue=deque(jobs),
                size=min(count, len(jobs)),
                patience=self.patience,
            )
            try:
                yield from without_mistakes(crew.results(), jobs)
            finally:
                crew.dismiss()


class Worker:
    """What lives on the cluster: a child process that does one job after the other within limits.

    Args:
        limits: of each job.
        folder: that paths are relative to.
    """

    def __init__(self, limits: Limits, folder: Path) -> None:
        if folder.is_dir():
            os.chdir(folder)
        # A spawned process imports its parent's main program first; Ray's takes long and gives a film nothing.
        vars(sys.modules["__main__"]).pop("__file__", None)
        self._until_the_end = ExitStack()
        self._children = self._until_the_end.enter_context(children(1, limits))

    def look(self, landmarks: Mapping[Path, Path]) -> Machine:
        """Where it is, and which folders are not there, or not those of the landmarks."""
        missing = tuple(folder for folder, landmark in landmarks.items() if not landmark.exists())
        return Machine(socket.gethostname(), SOFTWARE, missing)

    def run(self, work: Callable[[Any, Any], Any], settings: Any, job: Any) -> Any | Failure | Mistake:
        """``work(settings, job)``, or why there is no result."""
        return self._children.outcome(self._children.begin(work, settings, job), job)


LIBRARIES = ("av", "cv2", "numpy", "scipy", "soxr")
_VERSIONS = {"phonofilm": __version__, "FFmpeg": av.ffmpeg_version_info, **versions(*LIBRARIES)}
SOFTWARE = ", ".join(f"{name} {version}" for name, version in _VERSIONS.items())
"""What must be the same everywhere, lest the bytes differ."""


@dataclass(frozen=True)
class Machine:
    """What a worker finds where it is.

    Attributes:
        host: its name.
        software: versions, as :data:`SOFTWARE`.
        missing: folders that it does not see.
    """

    host: str
    software: str
    missing: tuple[Path, ...]

    def check(self) -> None:
        """Nothing where films would be missed, or other bytes come out.

        Raises:
            SettingError: if this machine cannot do our work.
        """
        if self.missing:
            raise SettingError(
                f"{self.host} of the Ray cluster does not see {self.missing[0]}: films and work folder must "
                "lie where all its machines see them under the same paths"
            )
        if self.software != SOFTWARE:
            raise SettingError(
                f"{self.host} of the Ray cluster has {self.software}, this machine {SOFTWARE}: install the same"
            )


@dataclass
class _Crew:
    """Workers of which each has one thing to do: to look where it is, then a job at a time.

    A worker that waits for a CPU of the cluster has not looked yet, and holds no job that another could do.

    Attributes:
        ray: the library.
        hire: makes a worker.
        look: has it look where it is.
        give: has it do the job of a name.
        queue: names of jobs that nobody does.
        size: workers that are wanted.
        patience: see :class:`Cluster`.
        busy: workers and their jobs, ``None`` while they look, by what Ray will answer.
        lost: workers that were lost with a job, by its name.
        stillborn: workers that were lost before they had looked, since the last that had.
    """

    ray: ModuleType
    hire: Callable[[], Any]
    look: Callable[[Any], Any]
    give: Callable[[Any, str], Any]
    queue: deque[str]
    size: int
    patience: float
    busy: dict[Any, tuple[Any, str | None]] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    stillborn: int = 0

    def results(self) -> Iterator[tuple[str, Any | Failure | Mistake]]:
        """Do all jobs."""
        self._fill()
        while self.queue or any(name is not None for _, name in self.busy.values()):
            for answer in self._answered():
                _, name = self.busy[answer]
                try:
                    result = self.ray.get(answer)
                except self.ray.exceptions.RayTaskError as error:
                    raise error.cause from error  # what would meet every film
                except self.ray.exceptions.RayError as error:
                    result = self._after_loss(answer, error)
                    if result is None:
                        continue
                else:
                    self._after_success(answer, result)
                if name is not None:
                    yield name, result

    def dismiss(self) -> None:
        """End all workers at once."""
        for worker, _ in self.busy.values():
            self.ray.kill(worker)

    def _fill(self) -> None:
        """Hire for the jobs that nobody does, as far as there is room."""
        looking = sum(name is None for _, name in self.busy.values())
        for _ in range(min(self.size - len(self.busy), len(self.queue) - looking)):
            worker = self.hire()
            self.busy[self.look(worker)] = (worker, None)

    def _answered(self) -> list[Any]:
        """Those that are done; waits for one, but not forever for a first worker."""
        working = any(name is not None for _, name in self.busy.values())
        done, _ = self.ray.wait(list(self.busy), timeout=None if working else self.patience)
        if not done:
            raise SettingError(
                f"the Ray cluster had no free CPU for {self.patience:g} s: see ray status, or run it without --ray"
            )
        return done

    def _after_success(self, answer: Any, result: Any) -> None:
        """The worker gets its next job, before anybody deals with the result, or leaves."""
        if self.busy[answer][1] is None:
            result.check()
            self.stillborn = 0
        worker, _ = self.busy.pop(answer)
        if self.queue:
            following = self.queue.popleft()
            self.busy[self.give(worker, following)] = (worker, following)
        else:
            self.ray.kill(worker)

    def _after_loss(self, answer: Any, error: Exception) -> Failure | None:
        """Another worker for the one that is lost; its job comes last, or has failed for good."""
        worker, name = self.busy.pop(answer)
        self.ray.kill(worker)  # one that only could not be reached would go on
        failure = None
        if name is None:
            self.stillborn += 1
            if self.stillborn == TRIES:
                said = str(error).strip().splitlines()[-1]
                raise SettingError(
                    f"workers on the Ray cluster end as they begin ({said}): is phonofilm installed on its machines?"
                ) from error
        else:
            self.lost[name] += 1
            if self.lost[name] < TRIES:
                self.queue.append(name)
            else:
                failure = Failure(reason=Reason.CRASH, message=f"{TRIES} workers of the Ray cluster were lost with it")
        self._fill()
        return failure


@contextmanager
def _landmarks(films: Path, work: Path) -> Iterator[dict[Path, Path]]:
    """What a machine knows both folders by: something in that of the films, and a file that only this run has made."""
    first = next(films.iterdir(), films) if films.is_dir() else films
    with NamedTemporaryFile(prefix=".shared-", dir=work) as mark:
        yield {films: first, work: work / Path(mark.name).name}

"""Stages and their results on disk: one part for each job, and a journal of the parts that are whole.

A part belongs to a stage by the stage's *key*, a digest of its name, versions, settings, the libraries that its rows
come from, and the key of the stage before it. So changed settings never meet old results, and old results stay until
they are deleted. A part that no journal knows with its digest is made again.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

import av
from pydantic import ValidationError

from phonofilm.data.ingest.rows import Failure, Row
from phonofilm.errors import MediaError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.media.digest import sha256

FAILED = "failure"
VERBS = {"cut": "pack"}
"""What runs a stage, where it is named otherwise."""
BEFORE = {"split": "scan", "score": "split", "caption": "the choice of clips", "cut": "the choice of clips"}
"""What a stage's jobs are made of."""
RowT = TypeVar("RowT", bound=Row)


class UnfinishedError(MediaError):
    """A stage of the plan has not run for all that it is asked of; those before it have."""


def versions(*libraries: str) -> dict[str, str]:
    """Of modules, by their names."""
    return {name: import_module(name).__version__ for name in libraries}


@dataclass(frozen=True)
class Stage(Generic[RowT]):
    """One step of the preparation.

    Attributes:
        name: of its folder.
        version: of its code; raised when that gives other rows.
        row: the class of its rows.
        work: what it does: a function of settings and job that any process can import.
        settings: that ``work`` is given.
        above: key of the stage whose rows its jobs are made of; empty for the first.
        uses: versions of parts of its code that have their own, by name.
        libraries: modules that its rows depend on, beside PyAV and the FFmpeg in it, on which all do.
    """

    name: str
    version: int
    row: type[RowT]
    work: Callable[[Any, Any], Sequence[RowT]]
    settings: Row
    above: str = ""
    uses: Mapping[str, int] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """What its results depend on beside the source file, in 16 hexadecimal digits."""
        code = [self.name, self.version, dict(self.uses), versions("av", *self.libraries), av.ffmpeg_version_info]
        parts = [*code, self.settings.model_dump(mode="json"), self.above]
        return sha256(json.dumps(parts, sort_keys=True).encode())[:16]


@dataclass(frozen=True)
class Shard:
    """One of several runs that share the films of one folder, as the jobs of an array do.

    A film falls to one of them by its size: it can be told without reading any, and copies of a film, of which only
    one is used, fall to the same. So a run never waits for another before the clips of all films are packed.

    Attributes:
        index: which, from 0 on.
        count: of them.
    """

    index: int = 0
    count: int = 1

    def __contains__(self, size: int) -> bool:
        return int(sha256(str(size).encode())[:8], 16) % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def is_all(self) -> bool:
        """There is no other."""
        return self.count == 1


class Parts(Generic[RowT]):
    """What a stage has made so far in a work folder.

    Args:
        folder: the work folder; made if it is missing.
        stage: whose parts.
        shard: of the run that writes; each has a journal of its own, and reads all.

    Raises:
        MediaError: if the folder cannot be made or a journal cannot be read.
    """

    def __init__(self, folder: Path, stage: Stage[RowT], shard: Shard | None = None) -> None:
        shard = shard or Shard()
        self.stage = stage
        self.folder = make_folder(folder / f"{stage.name}-{stage.key}")
        self.journal = self.folder / f"journal-{shard.index}-of-{shard.count}.jsonl"
        # By job the digests of all journals: none of them tells which of several runs was the last.
        self._whole: defaultdict[str, set[str]] = defaultdict(set)
        for path in self.folder.glob("journal-*.jsonl"):
            for job, digest in _entries(path):
                self._whole[job].add(digest)

    def missing(self, jobs: Iterable[str]) -> list[str]:
        """The jobs, of these, whose part is not there whole."""
        return [job for job in jobs if not self._is_whole(job)]

    def unknown(self, jobs: Iterable[str]) -> list[str]:
        """The jobs, of these, that were never done."""
        return [job for job in jobs if job not in self._whole]

    def keep(self, job: str, result: Sequence[RowT] | Failure) -> None:
        """Write a part, then its line in the journal; both have reached the disk when this returns."""
        lines = [_failed(result)] if isinstance(result, Failure) else [row.model_dump_json() for row in result]
        data = "".join(line + "\n" for line in lines).encode()
        write_atomically(self._path(job), data, force=True)
        digest = sha256(data)
        self._whole[job].add(digest)
        _append(self.journal, {"job": job, "sha256": digest})

    def strange(self, jobs: Iterable[str]) -> list[str]:
        """The jobs that have a part and are none of these."""
        there = (path.stem for path in self.folder.glob("*.jsonl"))
        return sorted(name for name in set(there).difference(jobs) if name in self._whole)

    def forget(self, jobs: Iterable[str]) -> None:
        """Have these parts made again."""
        for job in jobs:
            self._path(job).unlink(missing_ok=True)

    def result(self, job: str) -> list[RowT] | Failure:
        """What a job brought.

        Raises:
            UnfinishedError: if it was not done yet.
            MediaError: if its part is damaged.
        """
        path = self._path(job)
        try:
            lines = path.read_bytes().splitlines()
            first = json.loads(lines[0]) if lines else {}
            if FAILED in first:
                return Failure.model_validate(first[FAILED])
            return [self.stage.row.model_validate_json(line) for line in lines]
        except (OSError, ValueError, ValidationError) as error:
            name = self.stage.name
            verb = VERBS.get(name, name)
            if job not in self._whole:
                end = " to its end" if self._whole else ""
                raise UnfinishedError(
                    f"{name} has not run{end} since it or {BEFORE.get(name, 'what comes before it')} changed: "
                    f"run phonofilm prepare {verb} {self.folder.parent}"
                ) from error
            raise MediaError(
                f"{path} is missing or damaged: run phonofilm prepare {verb} again, which mends it"
            ) from error

    def rows(self, jobs: Iterable[str]) -> Iterator[RowT]:
        """Of all these jobs that did not fail; see :meth:`result`."""
        for result in map(self.result, jobs):
            if not isinstance(result, Failure):
                yield from result

    def failures(self, jobs: Iterable[str]) -> Iterator[tuple[str, Failure]]:
        """Of these jobs, those that failed; see :meth:`result`."""
        results = ((job, self.result(job)) for job in jobs)
        return ((job, result) for job, result in results if isinstance(result, Failure))

    def _is_whole(self, job: str) -> bool:
        path = self._path(job)
        return job in self._whole and path.is_file() and sha256(path.read_bytes()) in self._whole[job]

    def _path(self, job: str) -> Path:
        return self.folder / f"{job}.jsonl"


def _failed(failure: Failure) -> str:
    return json.dumps({FAILED: failure.model_dump(mode="json")})


def _entries(journal: Path) -> Iterator[tuple[str, str]]:
    """Jobs and digests; a line that a power cut tore is no entry, so its part is made again."""
    for line in journal.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            yield entry["job"], entry["sha256"]
        except (ValueError, KeyError, TypeError):
            continue


def _append(journal: Path, entry: dict[str, str]) -> None:
    """Add a line that has reached the disk; a torn line before it is ended first."""
    with journal.open("ab") as file:
        file.write(b"\n" * _is_torn(journal) + json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _is_torn(journal: Path) -> bool:
    """The last line has no end."""
    if not journal.stat().st_size:
        return False
    with journal.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

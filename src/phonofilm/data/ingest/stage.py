"""Stages and their results on disk: one part for each job, a journal of the parts that are whole.

A part belongs to a stage by the stage's *key*, a digest of its name, version, settings, the library that decodes,
and the key of the stage before it. So changed settings never meet old results, and old results stay until they are
deleted. A part without a line in the journal, or another one than the journal says, is made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import av
from pydantic import BaseModel, ValidationError

from phonofilm.data.ingest.rows import Row
from phonofilm.errors import MediaError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.media.digest import sha256

JOURNAL = "journal.jsonl"
RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True)
class Stage(Generic[RowT]):
    """One step of the preparation.

    Attributes:
        name: of its folder.
        version: of its code; raised when that gives other rows.
        row: the class of its rows.
        work: what it does, a function of settings and job that any process can import.
        settings: that ``work`` is given.
        above: key of the stage whose rows its jobs were made of.
    """

    name: str
    version: int
    row: type[RowT]
    work: Callable[[Any, Any], Sequence[RowT]]
    settings: BaseModel
    above: str = ""

    @cached_property
    def key(self) -> str:
        """What the stage's results depend on beside the source file, in 16 hexadecimal digits."""
        parts = [self.name, self.version, self.settings.model_dump(mode="json"), self.above, av.ffmpeg_version_info]
        return sha256(json.dumps(parts, sort_keys=True).encode())[:16]


class Parts(Generic[RowT]):
    """What a stage has made so far in a work folder.

    Args:
        folder: the work folder; made if it is missing.
        stage: whose parts.

    Raises:
        MediaError: if the folder cannot be made or the journal cannot be read.
    """

    def __init__(self, folder: Path, stage: Stage[RowT]) -> None:
        self.stage = stage
        self.folder = make_folder(folder / f"{stage.name}-{stage.key}")
        self.journal = self.folder / JOURNAL
        self._whole = dict(_entries(self.journal))

    def missing(self, jobs: Iterable[str]) -> list[str]:
        """The jobs, of these, whose part is not there whole."""
        return [job for job in jobs if not self._is_whole(job)]

    def keep(self, job: str, rows: Sequence[RowT]) -> None:
        """Write a part, then its line in the journal; both have reached the disk when this returns."""
        data = "".join(row.model_dump_json() + "\n" for row in rows).encode()
        write_atomically(self._path(job), data, force=True)
        entry = {"job": job, "sha256": sha256(data)}
        with self.journal.open("ab") as file:
            file.write(b"\n" * _is_torn(self.journal) + json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._whole[job] = entry["sha256"]

    def rows(self, job: str) -> list[RowT]:
        """The rows of a part.

        Raises:
            MediaError: if it is not there or damaged.
        """
        path = self._path(job)
        try:
            return [self.stage.row.model_validate_json(line) for line in path.read_bytes().splitlines()]
        except (OSError, ValidationError) as error:
            raise MediaError(f"{path} is missing or damaged: delete it and run the same command again") from error

    def _is_whole(self, job: str) -> bool:
        path = self._path(job)
        return job in self._whole and path.is_file() and sha256(path.read_bytes()) == self._whole[job]

    def _path(self, job: str) -> Path:
        return self.folder / f"{job}.jsonl"


def _entries(journal: Path) -> Iterator[tuple[str, str]]:
    """Jobs and digests; a line that a power cut tore is no entry, so its part is made again."""
    lines = journal.read_bytes().splitlines() if journal.is_file() else []
    for line in lines:
        try:
            entry = json.loads(line)
            yield entry["job"], entry["sha256"]
        except (ValueError, KeyError, TypeError):
            continue


def _is_torn(journal: Path) -> bool:
    """The last line has no end."""
    if not journal.stat().st_size:
        return False
    with journal.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"

"""A packed folder, here or anywhere that fsspec reaches: its index, and its members by offset and length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phonofilm.data.ingest.rows import Natural, Row
from phonofilm.data.packed.rows import FILM, INDEX, Member, PackedPictures, PackedSound
from phonofilm.data.tables import rows_of, schema
from phonofilm.errors import MediaError
from phonofilm.media.digest import sha256

Indices = Sequence[int] | np.ndarray
AT_ONCE = 64 << 20
"""Bytes that are asked for at a time where they are far away."""


@dataclass(frozen=True)
class Wanted:
    """A member to be read.

    Attributes:
        key: of its clip, for messages.
        member: its place.
    """

    key: str
    member: Member

    @property
    def name(self) -> str:
        """Which it is, in words."""
        return f"{self.member.file}, clip {self.key}"


@dataclass(frozen=True)
class Files:
    """Where a packed folder is.

    Attributes:
        root: a path, or a URL for fsspec (``s3://``, ``https://``, ``hf://`` ..., also chained ones such as
            ``simplecache::s3://``).
        advice: how to make files again that are damaged, for messages.
    """

    root: str
    advice: str = "pack it again"

    @property
    def is_local(self) -> bool:
        """It is a path."""
        return "://" not in self.root and "::" not in self.root

    def read(self, wanted: Sequence[Wanted]) -> Iterator[bytes]:
        """The bytes of members, each compared with its digest; far away, several are asked for at a time.

        Raises:
            MediaError: naming the shard and the clip, if one is missing or its bytes are not those packed.
        """
        found = self._local(wanted) if self.is_local else self._remote(wanted)
        for one, data in zip(wanted, found, strict=True):
            if len(data) != one.member.size or sha256(data) != one.member.sha256:
                raise self._damaged(one, "its bytes are not those that were packed")
            yield data

    def whole(self, file: str) -> bytes:
        """A whole file.

        Raises:
            MediaError: if it cannot be read.
        """
        try:
            found = (Path(self.root) / file).read_bytes() if self.is_local else self._remote_whole(file)
        except (OSError, ValueError, ImportError) as error:
            raise MediaError(f"{self.root} has no {file} that can be read ({error}): {self.advice}") from error
        if isinstance(found, BaseException):
            raise MediaError(f"{self.root} has no {file} that can be read ({found!r}): {self.advice}") from found
        return found

    def holds(self, file: str) -> bool:
        """Whether there is such a file."""
        if self.is_local:
            return (Path(self.root) / file).is_file()
        system, root = _system(self.root)
        return system.exists(f"{root}/{file}")

    def _local(self, wanted: Sequence[Wanted]) -> Iterator[bytes]:
        """A file is opened once for neighbours in it."""
        for file, neighbours in groupby(wanted, key=lambda one: one.member.file):
            first, *others = neighbours
            try:
                with (Path(self.root) / file).open("rb", buffering=0) as stream:
                    for one in (first, *others):
                        stream.seek(one.member.offset)
                        yield stream.read(one.member.size)
            except OSError as error:
                raise self._damaged(first, error.strerror or str(error)) from error

    def _remote_whole(self, file: str) -> bytes | BaseException:
        system, root = _system(self.root)
        return system.cat([f"{root}/{file}"], on_error="return")[f"{root}/{file}"]

    def _remote(self, wanted: Sequence[Wanted]) -> Iterator[bytes]:
        system, root = _system(self.root)
        for some in _at_once(wanted):
            found = system.cat_ranges(
                [f"{root}/{one.member.file}" for one in some],
                [one.member.offset for one in some],
                [one.member.offset + one.member.size for one in some],
                on_error="return",
            )
            for one, data in zip(some, found, strict=True):
                if isinstance(data, BaseException):
                    raise self._damaged(one, str(data) or type(data).__name__) from data
                yield data

    def _damaged(self, one: Wanted, what: str) -> MediaError:
        fix = f"copy {one.member.file} again from where it came, or {self.advice}"
        return MediaError(f"{self.root}: {one.name} cannot be read ({what}): {fix}")


def _at_once(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Neighbours that memory may hold together."""
    some: list[Wanted] = []
    for one in wanted:
        if some and sum(other.member.size for other in some) + one.member.size > AT_ONCE:
            yield some
            some = []
        some.append(one)
    yield some


@lru_cache(maxsize=8)
def _system(root: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    import fsspec

    system, path = fsspec.core.url_to_fs(root)
    return system, path.rstrip("/")


class Entry(Row):
    """What reading needs of a row of the index; see :class:`~phonofilm.data.packed.rows.PackedClip` and ``Place``."""

    clip_id: str
    split: str
    caption: str
    video: PackedPictures | None
    audio: PackedSound | None
    shard: Natural
    members: tuple[Member, ...]

    def wanted(self, suffix: str) -> Wanted:
        """The member of that suffix."""
        return Wanted(self.clip_id, {member.suffix: member for member in self.members}[suffix])


class Packed:
    """The index of a packed folder, held as a table: a million clips take little memory.

    Args:
        place: the folder, or its URL.
        split: only its clips; ``None``: all.

    Raises:
        MediaError: if the folder has no index or another one, or no clip of that split.
    """

    def __init__(self, place: str | Path, split: str | None = None) -> None:
        self.files, self.split = Files(str(place).rstrip("/")), split
        table = self._all = read_index(self.files, INDEX, schema(Entry))
        if split is not None:
            splits = table["split"].to_pylist()
            table = table.filter(pa.array([one == split for one in splits], pa.bool_()))
            if not len(table):
                known = ", ".join(self.splits)
                fix = f"choose one of {known}" if known else "name none, or pack it again with --splits"
                raise MediaError(f"{place} has no clips of the split {split!r}: {fix}")
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    @property
    def splits(self) -> list[str]:
        """Names of all splits in the folder; clips may be of none."""
        return sorted(set(self._all["split"].to_pylist()) - {""})

    def entries(self, indices: Indices | None = None) -> list[Entry]:
        """Rows of the index; ``None``: all."""
        return rows_of(self.table if indices is None else self.table.take(pa.array(indices, pa.int64())), Entry)

    def lacking(self) -> list[str]:
        """Names of the clips without picture or without sound."""
        missing = [np.asarray(self.table[name].is_null()) for name in ("video", "audio")]
        return self.table["clip_id"].filter(pa.array(missing[0] | missing[1])).to_pylist()

    def column(self, *path: str) -> list[Any]:
        """Values of a field inside a column; ``None`` where the record around it is."""
        values = self.table[path[0]].combine_chunks()
        for name in path[1:]:
            values = values.flatten()[values.type.get_field_index(name)]
        return values.to_pylist()

    @cached_property
    def digest(self) -> str:
        """Of the clips of all splits and their bytes, in order, with all that is said of them."""
        return self._digest(self._members["sha256"].to_pylist())

    @cached_property
    def films_digest(self) -> str:
        """Of the films of all splits, in order, and of the shards they lie in; other words do not change it."""
        members = zip(self._members["suffix"].to_pylist(), self._members["sha256"].to_pylist(), strict=True)
        films = [digest for suffix, digest in members if suffix == FILM]
        return self._digest([*self._all["shard"].to_pylist(), *films])

    @property
    def _members(self) -> pa.Table:
        return pa.Table.from_struct_array(self._all["members"].combine_chunks().flatten())

    def _digest(self, values: Sequence[object]) -> str:
        return sha256("\n".join(map(str, [*self._all["clip_id"].to_pylist(), *values])).encode())


def read_index(files: Files, name: str, columns: pa.Schema) -> pa.Table:
    """A Parquet index's columns of that schema.

    Raises:
        MediaError: if it is missing, damaged or of another kind.
    """
    data = files.whole(name)
    try:
        # Without threads: Arrow's may still run when the interpreter ends, which aborts (apache/arrow#34314).
        with pq.ParquetFile(pa.BufferReader(data), pre_buffer=False) as file:
            found = file.read(columns.names, use_threads=False)
        return found.select(columns.names).cast(columns)
    except (pa.ArrowException, KeyError) as error:
        raise MediaError(f"{files.root}/{name} is no index, or a damaged one ({error}): {files.advice}") from error

"""Clips to shards: tar files in WebDataset's form beside an index, or plain files with the same index.

A packed folder holds::

    index.parquet     one row a clip: what it is and where it lies (:mod:`phonofilm.data.packed.rows`)
    sources.parquet   one row a source file
    shard-000000.tar  <clip>.mp4, <clip>.json, <clip>.mp4 ...     (or shard-000000/<clip>.mp4 ...)

The index knows each member's offset, so that a shard is read at any place without unpacking; WebDataset readers
need no index. The same clips in the same order give the same bytes. The index is written last: a folder without
one is not finished, and packing it again begins anew.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from phonofilm.data import tables
from phonofilm.data.ingest.rows import ClipRow, SourceRow
from phonofilm.data.packed.rows import (
    FILM,
    INDEX,
    RECORD,
    SOURCES,
    Member,
    PackedClip,
    PackedPictures,
    PackedSound,
    Place,
)
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import appearing, check_target, make_folder, rename, write_together
from phonofilm.media.cutter import Cut
from phonofilm.media.digest import file_sha256, sha256

SHARD_BYTES = 512 << 20
BLOCK = tarfile.BLOCKSIZE


class Layout(str, Enum):
    """How clips lie on disk."""

    TAR = "wds"
    FILES = "files"


@dataclass(frozen=True)
class Sample:
    """A clip to be packed.

    Attributes:
        clip: what it is.
        film: its MP4, as a file or as bytes. A shard's bytes are held in memory until it is full, files are not.
    """

    clip: PackedClip
    film: Path | bytes

    @property
    def size(self) -> int:
        """Of the film, in bytes."""
        with _readable(self.film):
            return len(self.film) if isinstance(self.film, bytes) else self.film.stat().st_size

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Suffix and bytes of each of its files."""
        with _readable(self.film):
            film = self.film if isinstance(self.film, bytes) else self.film.read_bytes()
        yield FILM, film
        yield RECORD, (self.clip.model_dump_json() + "\n").encode()


@contextmanager
def _readable(film: Path | bytes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MediaError(f"{film} cannot be read ({error.strerror}): make it again") from error


def described(
    clip: ClipRow, source: SourceRow, cut: Cut, fps: Fraction | None = None, *, split: str = "", caption: str = ""
) -> PackedClip:
    """The row of a clip that was cut.

    Args:
        clip: its place.
        source: its film.
        cut: what came of it.
        fps: of the form that it was cut to; ``None``: pictures kept their times.
        split, caption: see :class:`~phonofilm.data.packed.rows.PackedClip`.

    Raises:
        MediaError: if the film has no pictures.
    """
    if source.video is None:
        raise MediaError(f"{source.path} has no picture: clips are cut from films that have one")
    own = (clip.span.end_pts - clip.span.first_pts) * source.video.time_base
    height, width = cut.size
    return PackedClip(
        clip_id=clip.clip_id,
        source_id=clip.source_id,
        span=clip.span,
        split=split,
        caption=caption,
        video=PackedPictures(
            frames=cut.frames,
            fps=fps or source.video.fps,
            seconds=cut.frames / fps if fps else own,
            height=height,
            width=width,
        ),
        audio=PackedSound(samples=cut.samples, sample_rate=cut.sample_rate, channels=cut.channels)
        if cut.samples
        else None,
        frame_time_error=cut.frame_time_error,
        missing=cut.missing,
    )


def shard_order(clip_id: str) -> str:
    """Sort clips by this and the shards are mixed: neighbours come from anywhere, the same on any machine."""
    return sha256(clip_id.encode())


def shard_name(number: int) -> str:
    """Name of a shard without its suffix."""
    return f"shard-{number:06d}"


def pack(
    samples: Iterable[Sample],
    folder: Path,
    *,
    row: type[PackedClip] = PackedClip,
    sources: Sequence[SourceRow] = (),
    layout: Layout = Layout.TAR,
    shard_bytes: int = SHARD_BYTES,
    force: bool = False,
    progress: Callable[[int], None] = lambda clips: None,
    appears: Callable[[str], None] = lambda digest: None,
) -> int:
    """Write a packed folder.

    Args:
        samples: in their final order, see :func:`shard_order`.
        folder: made if it is missing.
        row: class of the clips, whose fields are the index's columns.
        sources: the files that the clips come from.
        layout: tar files, or a file for each member.
        shard_bytes: a shard is full before it holds more than this of films, unless one film is larger.
        force: replace a packed folder.
        progress: told the number of clips after each.
        appears: told the index's SHA-256 when all is there but its name, so that no index is there that nobody knew.

    Returns:
        The number of clips.

    Raises:
        MediaError: if something cannot be read or written, or the folder is packed already.
        SettingError: if two clips have the same name, or one has a name that is none.
    """
    make_folder(folder)
    index = check_target(folder / INDEX, force=force)
    index.unlink(missing_ok=True)
    remove_unfinished(folder)
    written: set[str] = set()

    def records() -> Iterator[dict]:
        for count, (clip, place) in enumerate(write_shards(samples, folder, layout, shard_bytes), start=1):
            written.update(member.file for member in place.members)
            yield tables.record(clip, place)
            progress(count)

    tables.write_table(folder / SOURCES, tables.schema(SourceRow), map(tables.record, sources), force=True)
    unnamed = folder / f".{INDEX}.part"
    count = tables.write_table(unnamed, tables.schema(row, Place), records())
    try:
        appears(file_sha256(unnamed))
        rename(unnamed, index)
    finally:
        unnamed.unlink(missing_ok=True)
    _remove_others(folder, written)
    return count


def write_shards(
    samples: Iterable[Sample], folder: Path, layout: Layout = Layout.TAR, shard_bytes: int = SHARD_BYTES
) -> Iterator[tuple[PackedClip, Place]]:
    """Write shards one after the other, each whole or not at all; gives each clip with its place once it has one.

    Raises:
        MediaError, SettingError: see :func:`pack`.
    """
    write = {Layout.TAR: _write_tar, Layout.FILES: _write_files}[layout]
    for number, group in enumerate(_groups(_named(samples), shard_bytes)):
        yield from write(folder, number, group)


def add_member(file: BinaryIO, holder: str, key: str, suffix: str, data: bytes) -> Member:
    """Append a file to a tar that is being written: owned by nobody, of no date, so that bytes depend on it alone.

    Raises:
        SettingError: if the name is too long for a tar.
    """
    info = tarfile.TarInfo(f"{key}.{suffix}")
    info.size = len(data)
    try:
        header = info.tobuf(tarfile.USTAR_FORMAT)
    except ValueError as error:
        raise SettingError(f"clip {key!r} cannot lie in a tar ({error}): choose a shorter name") from error
    file.write(header)
    member = Member(suffix=suffix, file=holder, offset=file.tell(), size=len(data), sha256=sha256(data))
    file.write(data)
    file.write(bytes(-len(data) % BLOCK))
    return member


def end_tar(file: BinaryIO) -> None:
    """Write what stands at a tar's end: two empty blocks, filled up to a whole record as the format wants."""
    file.write(bytes(2 * BLOCK))
    file.write(bytes(-file.tell() % tarfile.RECORDSIZE))


def remove_unfinished(folder: Path) -> None:
    """Take away what a run that was killed had begun to write."""
    for path in folder.glob(".*.part"):
        path.unlink()


def _write_tar(folder: Path, number: int, samples: Sequence[Sample]) -> list[tuple[PackedClip, Place]]:
    name = f"{shard_name(number)}.tar"
    placed = []
    with appearing(folder / name, force=True) as file:
        for sample in samples:
            key = sample.clip.clip_id
            members = tuple(add_member(file, name, key, suffix, data) for suffix, data in sample.members())
            placed.append((sample.clip, Place(shard=number, members=members)))
        end_tar(file)
    return placed


def _write_files(folder: Path, number: int, samples: Sequence[Sample]) -> list[tuple[PackedClip, Place]]:
    make_folder(folder / shard_name(number))
    return [(sample.clip, Place(shard=number, members=_write_sample(folder, number, sample))) for sample in samples]


def _write_sample(folder: Path, number: int, sample: Sample) -> tuple[Member, ...]:
    content = {f"{shard_name(number)}/{sample.clip.clip_id}.{suffix}": data for suffix, data in sample.members()}
    write_together({folder / name: data for name, data in content.items()}, force=True)
    return tuple(
        Member(suffix=name.rpartition(".")[2], file=name, offset=0, size=len(data), sha256=sha256(data))
        for name, data in content.items()
    )


def _named(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, whose names are known to be names, and each its own."""
    seen: set[str] = set()
    for sample in samples:
        key = sample.clip.clip_id
        if not key or not key.replace("-", "").replace("_", "").isalnum() or not key.isascii():
            raise SettingError(f"{key!r} is no name of a clip: use letters, digits, - and _ (a dot would end it)")
        if key in seen:
            raise SettingError(f"clip {key} comes twice: leave one out")
        seen.add(key)
        yield sample


def _groups(samples: Iterable[Sample], shard_bytes: int) -> Iterator[list[Sample]]:
    """Neighbours that together fill a shard."""
    group: list[Sample] = []
    filled = 0
    for sample in samples:
        size = sample.size
        if group and filled + size > shard_bytes:
            yield group
            group, filled = [], 0
        group.append(sample)
        filled += size
    if group:
        yield group


def _remove_others(folder: Path, written: set[str]) -> None:
    """Take away shards of an earlier packing; nothing else in the folder is touched."""
    kept = {*written, *(name.partition("/")[0] for name in written)}
    for path in folder.glob("shard-[0-9]*"):
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif path.is_dir():
            for file in path.iterdir():
                if f"{path.name}/{file.name}" not in written:
                    file.unlink()

"""A packed folder as a data set for the Hugging Face hub: a folder that can be uploaded as it is.

It holds::

    README.md                    the card: licence, sources, splits, statistics, how to read it
    data/train/shard-000000.tar  clips of one split, in WebDataset's form, which ``datasets`` and the viewer read
    index.parquet                of all clips, so that the folder is a packed folder too (here, or by its hub address)
    sources.parquet              the films that these clips come from

Nothing is uploaded here. The same clips and card give the same bytes. All is made under a hidden name in the folder;
only then does an earlier one go, its card first, and the new one's card comes last.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonofilm.data import tables
from phonofilm.data.ingest.card import Card, card_text
from phonofilm.data.ingest.ownership import check_place
from phonofilm.data.ingest.rows import SourceRow
from phonofilm.data.ingest.stats import Stats
from phonofilm.data.packed.folder import Files, Wanted, read_index
from phonofilm.data.packed.rows import FILM, INDEX, SOURCES, PackedClip, Place
from phonofilm.data.packed.shards import SHARD_BYTES, Sample, write_shards
from phonofilm.errors import MediaError
from phonofilm.media.atomic import check_target, make_folder, rename, write_atomically

CARD = "README.md"
DATA = "data"
UNFINISHED = ".publishing"
"""In the folder, while it is being made: what will be in it."""
ALL = "train"
"""Where clips go that are of no split: the hub knows no nameless one."""


Placed = tuple[PackedClip, Place]


@dataclass(frozen=True)
class _Copy(Sample):
    """A clip as it lies in a packed folder; its bytes are read when they are written.

    Attributes:
        files: the folder.
        place: of the clip in it.
    """

    files: Files
    place: Place

    @property
    def size(self) -> int:
        """Of the film, in bytes."""
        return self.place.member(FILM).size

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Suffix and bytes of each of its files, compared with their digests."""
        wanted = [Wanted(self.clip.clip_id, member) for member in self.place.members]
        for one, data in zip(wanted, self.files.read(wanted), strict=True):
            yield one.member.suffix, data


def publish(
    packed: Path,
    folder: Path,
    card: Card,
    numbers: Stats | None = None,
    *,
    shard_bytes: int = SHARD_BYTES,
    force: bool = False,
) -> Path:
    """Make the folder and give its card's path; the card comes last, so a folder without one is not finished.

    Args:
        packed: a packed folder.
        folder: to be made.
        card: what is to be said of the data set.
        numbers: of the preparation, to say what was left out.
        shard_bytes: a shard is full before it holds more than this of films, unless one film is larger.
        force: replace what was published there, which stays until all is ready; things of others stay too.

    Raises:
        SettingError: if no licence is stated, or one that the hub does not know without its address.
        MediaError: if the packed folder is missing or damaged, or the new one holds things and none was published
            there, or it cannot be written.
    """
    front = card.front_matter()  # before any work: it refuses where no licence is stated
    if folder.resolve() == packed.resolve():
        raise MediaError(f"{folder} is the packed folder itself: publish to another one")
    files = Files(str(packed))
    clips = _clips(files)
    if not is_published(folder):
        check_place(folder, ())
    target = check_target(folder / CARD, force=force, new_folder=True)
    new = folder / UNFINISHED
    shutil.rmtree(new, ignore_errors=True)
    try:
        _write(files, clips, make_folder(new), card, front, numbers, shard_bytes)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    _remove_published(folder)
    for path in sorted((path for path in new.rglob("*") if path.is_file()), key=lambda path: path.name == CARD):
        place = folder / path.relative_to(new)
        make_folder(place.parent)
        rename(path, place)
    shutil.rmtree(new)
    return target


def is_published(folder: Path) -> bool:
    """Whether a folder is one that :func:`publish` made or has begun to replace."""
    if (folder / INDEX).is_file():
        try:
            (first,) = tables.rows_of(read_index(Files(str(folder)), INDEX, tables.schema(Place)).slice(0, 1), Place)
        except (MediaError, ValueError):  # damaged, or of no clip: none of ours
            return False
        return all(member.file.startswith(f"{DATA}/") for member in first.members)
    return (folder / UNFINISHED).is_dir()


def _remove_published(folder: Path) -> None:
    """Take away what was published there, the card first; what others put there stays."""
    for name in (CARD, INDEX, SOURCES):
        (folder / name).unlink(missing_ok=True)
    for shard in folder.glob(f"{DATA}/*/shard-*.tar"):
        shard.unlink()
        with suppress(OSError):  # of more shards
            shard.parent.rmdir()


def _write(
    files: Files,
    clips: Sequence[Placed],
    folder: Path,
    card: Card,
    front: Mapping[str, Any],
    numbers: Stats | None,
    shard_bytes: int,
) -> None:
    """Write all files into an empty folder."""
    splits = _by_split(clips)
    records = (tables.record(clip, place) for clip, place in _written(files, splits, folder, shard_bytes))
    used = {clip.source_id for clip, _ in clips}
    sources = [row for row in _sources(files) if row.reason is None and row.source_id in used]
    tables.write_table(folder / SOURCES, tables.schema(SourceRow), map(tables.record, sources))
    tables.write_table(folder / INDEX, tables.schema(PackedClip, Place), records)
    of_splits = {split: [clip for clip, _ in members] for split, members in splits.items()}
    text = card_text(card, front, of_splits, sources, numbers)
    write_atomically(folder / CARD, text.encode())


def _clips(files: Files) -> list[Placed]:
    table = read_index(files, INDEX, tables.schema(PackedClip, Place))
    if not len(table):
        raise MediaError(f"{files.root} holds no clips: there is nothing to publish")
    return list(zip(tables.rows_of(table, PackedClip), tables.rows_of(table, Place), strict=True))


def _sources(files: Files) -> list[SourceRow]:
    return tables.rows_of(read_index(files, SOURCES, tables.schema(SourceRow)), SourceRow)


def _by_split(clips: Sequence[Placed]) -> dict[str, list[Placed]]:
    """The clips of each split, in their order."""
    names = sorted({clip.split or ALL for clip, _ in clips}, key=lambda name: (name != ALL, name != "validation", name))
    return {name: [one for one in clips if (one[0].split or ALL) == name] for name in names}


def _written(files: Files, splits: Mapping[str, Sequence[Placed]], folder: Path, shard_bytes: int) -> Iterator[Placed]:
    """Write the shards; gives each clip with its new place."""
    for split, clips in splits.items():
        below = make_folder(folder / DATA / split)
        copies = (_Copy(clip, b"", files, place) for clip, place in clips)
        for clip, place in write_shards(copies, below, shard_bytes=shard_bytes):
            members = tuple(
                member.model_copy(update={"file": f"{DATA}/{split}/{member.file}"}) for member in place.members
            )
            yield clip, place.model_copy(update={"members": members})

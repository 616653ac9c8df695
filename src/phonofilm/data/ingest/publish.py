"""A packed folder as a data set for the Hugging Face hub: a folder that can be uploaded as it is.

It holds::

    README.md                    the card: licence, sources, splits, statistics, how to read it
    data/train/shard-000000.tar  clips of one split, in WebDataset's form, which ``datasets`` and the viewer read
    index.parquet                of all clips, so that the folder is a packed folder too (here, or by its hub address)
    sources.parquet              the films that these clips come from

Nothing is uploaded here. The same clips and card give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonofilm.data import tables
from phonofilm.data.ingest.card import Card, card_text
from phonofilm.data.ingest.rows import SourceRow
from phonofilm.data.ingest.stats import Stats
from phonofilm.data.packed.folder import Files, Wanted, read_index
from phonofilm.data.packed.rows import FILM, INDEX, SOURCES, PackedClip, Place
from phonofilm.data.packed.shards import SHARD_BYTES, Sample, write_shards
from phonofilm.errors import MediaError
from phonofilm.media.atomic import check_target, make_folder, write_atomically

CARD = "README.md"
DATA = "data"
ALL = "train"
"""Where clips go that are of no split: the hub knows no nameless one."""


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
    """Write the folder and give its card's path; the card is written last, so a folder without one is not finished.

    Args:
        packed: a packed folder.
        folder: to be made.
        card: what is to be said of the data set.
        numbers: of the preparation, to say what was left out.
        shard_bytes: a shard is full before it holds more than this of films, unless one film is larger.
        force: replace what was published there.

    Raises:
        SettingError: if no licence is stated, or one that the hub does not know without its address.
        MediaError: if the packed folder is missing or damaged, or the new one cannot be written.
    """
    front = card.front_matter()  # before any work: it refuses where no licence is stated
    if folder.resolve() == packed.resolve():
        raise MediaError(f"{folder} is the packed folder itself: publish to another one")
    files = Files(str(packed))
    clips = _clips(files)
    make_folder(folder)
    target = check_target(folder / CARD, force=force)
    target.unlink(missing_ok=True)
    splits = _by_split(clips)
    records = (tables.record(clip, place) for clip, place in _written(files, splits, folder, shard_bytes))
    used = {clip.source_id for clip, _ in clips}
    sources = [row for row in _sources(files) if row.reason is None and row.source_id in used]
    tables.write_table(folder / SOURCES, tables.schema(SourceRow), map(tables.record, sources), force=True)
    tables.write_table(folder / INDEX, tables.schema(PackedClip, Place), records, force=True)
    of_splits = {split: [clip for clip, _ in members] for split, members in splits.items()}
    text = card_text(card, front, of_splits, sources, numbers)
    return write_atomically(target, text.encode(), force=True)


Placed = tuple[PackedClip, Place]


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
        written = set()
        for clip, place in write_shards(copies, below, shard_bytes=shard_bytes):
            members = tuple(
                member.model_copy(update={"file": f"{DATA}/{split}/{member.file}"}) for member in place.members
            )
            written.update(Path(member.file).name for member in members)
            yield clip, place.model_copy(update={"members": members})
        for path in below.glob("shard-*.tar"):
            if path.name not in written:
                path.unlink()

"""The clips of a film as files of their own, cut in one pass, and the same files held against the film again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import ClipRow, Row, SourceRow
from phonofilm.data.ingest.stage import Stage
from phonofilm.data.packed.rows import PackedClip
from phonofilm.data.packed.shards import Sample, described, remove_unfinished
from phonofilm.media.atomic import make_folder
from phonofilm.media.cut import Piece, cut_all
from phonofilm.media.digest import file_sha256, sha256

VERSION = 4


class CutRow(Row):
    """One clip that was cut.

    Attributes:
        clip: what it is; subset and caption come when it is packed.
        sha256: of its file.
    """

    clip: PackedClip
    sha256: str


@dataclass(frozen=True)
class Kept:
    """A film and the clips of it that are in.

    Attributes:
        place: of the film.
        row: what the scan found.
        clips: to be cut.
        folder: of their files.
    """

    place: Path
    row: SourceRow
    clips: tuple[ClipRow, ...]
    folder: Path

    @property
    def job(self) -> str:
        """A name that changes with the film and the choice of its clips."""
        return sha256(" ".join((self.row.sha256, *(clip.clip_id for clip in self.clips))).encode())[:16]

    @property
    def is_there(self) -> bool:
        """All its clips have files."""
        return all(self.file(clip.clip_id).is_file() for clip in self.clips)

    def is_as_cut(self, rows: Iterable[CutRow]) -> bool:
        """All its clips have the files that were cut, byte for byte."""
        return self.is_there and all(file_sha256(self.file(row.clip.clip_id)) == row.sha256 for row in rows)

    @property
    def seen(self) -> str:
        """A name that changes with the files of its clips too, as far as sizes and dates tell."""
        files = [self.file(clip.clip_id).stat() for clip in self.clips]
        return sha256(" ".join((self.job, *(f"{one.st_size} {one.st_mtime_ns}" for one in files))).encode())[:16]

    def file(self, clip_id: str) -> Path:
        """Where a clip of it lies."""
        return self.folder / f"{clip_id}.mp4"


def cutting(settings: Pack, above: str) -> Stage[CutRow]:
    """The stage with these settings; how clips lie in shards is none of its business."""
    form = settings.model_copy(update={name: Pack.model_fields[name].default for name in ("layout", "shard_bytes")})
    return Stage("cut", VERSION, CutRow, cut, form, above, libraries=("numpy", "soxr"))


def cut(settings: Pack, film: Kept) -> list[CutRow]:
    """Cut the clips; a row for each, in their order.

    Raises:
        MediaError: if the film is damaged, or no longer what the split saw.
    """
    if not film.clips:
        return []
    remove_unfinished(make_folder(film.folder))
    pieces = {film.file(clip.clip_id): Piece(clip.span, film.file(clip.clip_id)) for clip in film.clips}
    cuts = {made.piece.path: made for made in cut_all(film.place, pieces.values(), settings.form, force=True)}
    rows = []
    for clip, path in zip(film.clips, pieces, strict=True):
        rows.append(CutRow(clip=described(clip, film.row, cuts[path], settings.fps), sha256=file_sha256(path)))
    return rows


def sample(row: CutRow, film: Kept, subset: str, captions: Mapping[str, str]) -> Sample:
    """A clip as it is packed."""
    name = row.clip.clip_id
    clip = row.clip.model_copy(update={"split": subset, "caption": captions.get(name, "")})
    return Sample(clip, film.file(name))

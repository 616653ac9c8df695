"""What a clip shows and sounds like, in words: from files beside the films, lists, class names, or a model.

The sources of a recipe are asked in their order; the first that says something is believed. What is said of a film is
said of all its clips, and what is said of a copy of it too; a model is asked about each clip.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from itertools import product
from pathlib import Path
from typing import Annotated

from pydantic import Field

from phonofilm.data.ingest.endpoint import Endpoint
from phonofilm.data.ingest.lists import stamp
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ClipRow, Row
from phonofilm.data.ingest.stage import Stage
from phonofilm.data.ingest.words import Beside, ClassList, FolderClass, Listed, NoWordsError, Uncaptioned
from phonofilm.media.digest import sha256

Words = Annotated[Beside | Listed | FolderClass | ClassList | Endpoint, Field(discriminator="kind")]
"""A source of words; ``kind`` says which."""


class CaptionRow(Row):
    """The words for one clip.

    Attributes:
        clip_id: which.
        text: on one line; empty where there are none.
        origin: who said so: a file, ``folder`` or a model.
        reason, message: why the clip is not used, see :class:`phonofilm.data.ingest.rows.SourceRow`. A message
            without a reason says why there are no words for a clip that is used nevertheless.
    """

    clip_id: str
    text: str
    origin: str
    reason: Reason | None = None
    message: str = ""


class Caption(Row):
    """Settings of the stage.

    Attributes:
        sources: asked in this order.
        required: clips without words are left out.
    """

    sources: tuple[Words, ...] = (Beside(),)
    required: bool = True

    def check(self, folder: Path) -> None:
        """Read the tables, before any work.

        Raises:
            SettingError: if one is missing or damaged, or lacks a column.
        """
        for source in self.sources:
            if isinstance(source, (Listed, ClassList)):
                source.table(folder)

    def absent(self, folder: Path, paths: Collection[str]) -> list[str]:
        """Sentences on lists with entries that name none of all films; tables of a whole collection may.

        Raises:
            SettingError: see :meth:`check`.
        """
        tables = [(source.file, source.table(folder)) for source in self.sources if isinstance(source, Listed)]
        found = ((file, len(table.names()), table.absent(paths)) for file, table in tables)
        return [
            f"{len(names)} of {count} entries of {file} name no film here: "
            f"{', '.join(names[:3])}{', ...' * (len(names) > 3)}"
            for file, count, names in found
            if names
        ]


def captioning(settings: Caption, above: str) -> Stage[CaptionRow]:
    """The stage with these settings, on the clips that the stage ``above`` kept."""
    return Stage("caption", 1, CaptionRow, caption, settings, above)


def job_name(settings: Caption, film: Uncaptioned) -> str:
    """A name that changes with the film, its clips, and the files that the words come from."""
    files = [stamp(path) for source in settings.sources for one in film.named for path in source.files(one)]
    told = [film.row.path, film.row.sha256, [clip.clip_id for clip in film.clips], files, *film.copies]
    return sha256(json.dumps(told).encode())[:16]


def caption(settings: Caption, film: Uncaptioned) -> list[CaptionRow]:
    """A row for each clip, in their order.

    Raises:
        SettingError: if a list is missing or damaged, or a model cannot be asked at all.
    """
    return [_captioned(settings, film, clip) for clip in film.clips]


def texts(rows: Iterable[CaptionRow]) -> dict[str, str]:
    """The words of each clip that has any."""
    return {row.clip_id: row.text for row in rows if row.text}


def _captioned(settings: Caption, film: Uncaptioned, clip: ClipRow) -> CaptionRow:
    """What the first source says that knows the clip, by the first of its film's names that this one knows."""
    message = f"no source of captions knows {film.row.path}"
    for source, named in product(settings.sources, film.named):
        try:
            text = " ".join((source.text(named, clip) or "").split())
        except NoWordsError as error:
            message = str(error)
            break  # the words of the next source would hide the trouble
        if text:
            return CaptionRow(clip_id=clip.clip_id, text=text, origin=source.origin)
    reason = Reason.NO_CAPTION if settings.required else None
    return CaptionRow(clip_id=clip.clip_id, text="", origin="", reason=reason, message=message)

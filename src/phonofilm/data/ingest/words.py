"""Where the words for a film can come from without a model: files beside it, lists, class names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from phonofilm.data.ingest.lists import FilmTable, Labelled, caption_list, class_list
from phonofilm.data.ingest.rows import ClipRow, Row, SourceRow
from phonofilm.errors import PhonofilmError

LABEL = "{label}"
Template = Annotated[str, Field(pattern=r"\{label\}")]
"""A text with ``{label}`` in it, where the class's name goes."""


class NoWordsError(PhonofilmError):
    """A source that should have words for a clip has none, and the next time neither."""


@dataclass(frozen=True)
class Uncaptioned:
    """A film and the clips of it that want words.

    Attributes:
        folder: of the films.
        row: the film.
        clips: of it, those that are in.
        answers: folder of what models said, kept clip by clip; ``None``: not kept.
        copies: paths of other films with the same bytes, which may have words where this one has none.
    """

    folder: Path
    row: SourceRow
    clips: tuple[ClipRow, ...]
    answers: Path | None = None
    copies: tuple[str, ...] = ()

    @property
    def named(self) -> list[Uncaptioned]:
        """The film by each of its names, its own first."""
        rows = (self.row.model_copy(update={"path": path}) for path in self.copies)
        return [self, *(replace(self, row=row, copies=()) for row in rows)]

    @property
    def place(self) -> Path:
        """Where the film is."""
        return self.folder / self.row.path


class Beside(Row):
    """A file with the film's name: ``film.txt`` is the text, ``film.json`` an object with it.

    Attributes:
        field: its name in that object.
    """

    kind: Literal["beside"] = "beside"
    field: str = "caption"

    @property
    def origin(self) -> str:
        """Who says so."""
        return "beside"

    def files(self, film: Uncaptioned) -> Iterator[Path]:
        """The files that decide what is said."""
        yield from (film.place.with_suffix(".txt"), film.place.with_suffix(".json"))

    def text(self, film: Uncaptioned, clip: ClipRow) -> str | None:
        """The words; ``None`` if there is no such file, or nothing in it.

        Raises:
            NoWordsError: if it cannot be read.
        """
        plain, record = self.files(film)
        try:
            if plain.is_file():
                return plain.read_text(encoding="utf-8-sig")
            if record.is_file():
                said = json.loads(record.read_bytes()).get(self.field)
                return None if said is None else str(said)
        except (OSError, ValueError, AttributeError) as error:
            raise NoWordsError(f"the words beside {film.row.path} cannot be read ({error}): mend the file") from error
        return None


class Table(Row):
    """One file that speaks of many films.

    Attributes:
        file: the table; relative to the folder of the films.
    """

    file: str

    @property
    def origin(self) -> str:
        """Who says so."""
        return self.file

    def files(self, film: Uncaptioned) -> Iterator[Path]:
        """The files that decide what is said."""
        yield film.folder / self.file


class Listed(Table):
    """A table of films and texts, as CSV with a header or as JSON lines.

    Attributes:
        path, caption: names of its columns (:mod:`phonofilm.data.ingest.lists` says how films are named).
    """

    kind: Literal["list"] = "list"
    path: str = "path"
    caption: str = "caption"

    def text(self, film: Uncaptioned, clip: ClipRow) -> str | None:
        """The words; ``None`` if the film is not in the table.

        Raises:
            SettingError: if the table is missing or damaged.
        """
        return self.table(film.folder).get(film.row.path)

    def table(self, folder: Path) -> FilmTable[str]:
        """The whole table, of films in a folder; raises as :meth:`text` does."""
        return caption_list(folder / self.file, self.path, self.caption)


class FolderClass(Row):
    """The name of the folder that a film lies in is its class.

    Attributes:
        template: of the text.
    """

    kind: Literal["folder"] = "folder"
    template: Template = LABEL

    @property
    def origin(self) -> str:
        """Who says so."""
        return "folder"

    def files(self, film: Uncaptioned) -> Iterator[Path]:
        """None: a film that moves is another job anyway."""
        yield from ()

    def text(self, film: Uncaptioned, clip: ClipRow) -> str | None:
        """The words; ``None`` for films that lie in no folder of their own."""
        label = PurePosixPath(film.row.path).parent.name.replace("_", " ").replace("-", " ")
        return self.template.replace(LABEL, label) if label else None


class ClassList(Table):
    """A table as VGGSound's: ``id,start,label,split`` without a header.

    Attributes:
        template: of the text.
    """

    kind: Literal["classes"] = "classes"
    template: Template = LABEL

    def text(self, film: Uncaptioned, clip: ClipRow) -> str | None:
        """The words; ``None`` if the film is not in the table.

        Raises:
            SettingError: if the table is missing or damaged.
        """
        told = self.table(film.folder).get(film.row.path)
        return None if told is None else self.template.replace(LABEL, told.label)

    def table(self, folder: Path) -> FilmTable[Labelled]:
        """The whole table, of films in a folder; raises as :meth:`text` does."""
        return class_list(folder / self.file)

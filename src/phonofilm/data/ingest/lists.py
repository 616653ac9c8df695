"""Tables about films that a user brings: which film has which text, class or subset.

A film may be named by its place in the folder (``a/b.mp4``), with or without ending, or by its name alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, Generic, NamedTuple, TypeVar

from phonofilm.errors import SettingError

T = TypeVar("T")


class Labelled(NamedTuple):
    """What VGGSound's table says of a film."""

    label: str
    subset: str


class FilmTable(Generic[T]):
    """Something said of films, found by the ways in which a film may be named.

    Args:
        told: names of films, and what is said of each.
        where: the file, for errors.

    Raises:
        SettingError: if a film is named twice with different things said.
    """

    def __init__(self, told: Iterable[tuple[str, T]], where: Path) -> None:
        self._told: dict[str, T] = {}
        for name, value in told:
            name = PurePosixPath(name.strip().replace("\\", "/")).as_posix()
            if self._told.setdefault(name, value) != value:
                raise SettingError(f"{where} names {name} twice with different entries: leave one of them")

    def get(self, path: str) -> T | None:
        """What is said of the film at ``path`` (relative to the folder of films); ``None`` if nothing is."""
        return next((self._told[name] for name in names_of(path) if name in self._told), None)

    def absent(self, paths: Iterable[str]) -> list[str]:
        """The names in the file that are of no film at these paths."""
        here = {name for path in paths for name in names_of(path)}
        return [name for name in self._told if name not in here]

    def names(self) -> list[str]:
        """The films as they are named in the file."""
        return list(self._told)


def names_of(path: str) -> tuple[str, ...]:
    """The ways in which a table may name a film, the exact ones first."""
    pure = PurePosixPath(path)
    return path, pure.with_suffix("").as_posix(), pure.name, pure.stem


def stamp(path: Path) -> list[int]:
    """Size and date of a file, as far as they tell whether it changed; nothing if it is not there."""
    if not path.is_file():
        return []
    told = path.stat()
    return [told.st_size, told.st_mtime_ns]


def caption_list(path: Path, film: str, text: str) -> FilmTable[str]:
    """The texts of a CSV file with a header or of JSON lines (``.jsonl``).

    Args:
        path: the file.
        film, text: names of its columns.

    Raises:
        SettingError: if it is missing or damaged, names no film, or has no such column.
    """
    return _captions(path, film, text, *stamp(path))


def class_list(path: Path) -> FilmTable[Labelled]:
    """The classes of a table as VGGSound's: ``id,start,label,split`` without a header.

    A film is named ``id_000030`` (start in six digits, as most downloads are), ``id_30`` or ``id``.

    Raises:
        SettingError: if it is missing or damaged, or names no film.
    """
    return _classes(path, *stamp(path))


def film_list(path: Path) -> FilmTable[str]:
    """The films of a list with one a line; empty lines and those that begin with ``#`` are passed over.

    Raises:
        SettingError: if it is missing or is no text.
    """
    lines = (line.strip() for line in _text(path).splitlines())
    return FilmTable(((line, line) for line in lines if line and not line.startswith("#")), path)


@lru_cache(maxsize=8)  # a stage asks for the same table film after film
def _captions(path: Path, film: str, text: str, *_: int) -> FilmTable[str]:
    rows = _json_lines(path) if path.suffix == ".jsonl" else _csv_rows(path)
    return _filled(FilmTable(((_cell(row, film, path), _cell(row, text, path)) for row in rows), path), path)


@lru_cache(maxsize=8)
def _classes(path: Path, *_: int) -> FilmTable[Labelled]:
    return _filled(FilmTable(_class_rows(path), path), path)


def _filled(table: FilmTable[T], path: Path) -> FilmTable[T]:
    if not table.names():
        raise SettingError(f"the list {path} names no film: write a line for each, or leave the list out")
    return table


def _class_rows(path: Path) -> Iterator[tuple[str, Labelled]]:
    rows: list[tuple[str, str, Labelled]] = []
    for number, row in enumerate(csv.reader(StringIO(_text(path), newline="")), start=1):
        if len(row) != 4 or not row[1].strip().isdecimal():
            raise SettingError(f"{path}, line {number} is not id,start,label,split: give VGGSound's own table")
        identity, start, label, subset = (cell.strip() for cell in row)
        rows.append((identity, start, Labelled(label, subset)))
    once = _seen_once(identity for identity, _, _ in rows)
    for identity, start, told in rows:
        yield f"{identity}_{int(start):06d}", told
        yield f"{identity}_{start}", told
        if identity in once:
            yield identity, told


def _seen_once(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return seen - twice


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    rows = csv.DictReader(StringIO(_text(path), newline=""))
    for row in rows:
        if rows.restkey in row:  # an unquoted comma in a text would cut it short, and nobody would know
            raise SettingError(
                f"{path}, line {rows.line_num} has more cells than the header: put texts that hold commas in quotes"
            )
        yield row


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SettingError(f"{path}, line {number} is not JSON ({error}): mend it") from error
        if not isinstance(row, dict):
            raise SettingError(f'{path}, line {number} is not an object: write for example {{"path": ...}}')
        yield row


def _cell(row: Mapping[str, Any], column: str, path: Path) -> str:
    if column not in row:
        raise SettingError(
            f"{path} lacks the column {column}; it has {', '.join(map(str, row))}: rename the one that holds it"
        )
    return str(row[column] or "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SettingError(f"there is no list {path}: put it there, or name another") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"the list {path} cannot be read ({error}): it must be a text in UTF-8") from error

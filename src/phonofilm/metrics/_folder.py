"""Films of a folder, with what stands beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from phonofilm.errors import MediaError
from phonofilm.events import Event
from phonofilm.media.read import read
from phonofilm.metrics._cache import Cache
from phonofilm.metrics._subject import Subject

FILMS = frozenset((".mp4", ".mkv", ".mov", ".webm", ".m4v", ".avi"))
MANIFEST = "manifest.jsonl"

SENTENCE = ("prompt", "caption", "text")
"""Fields of a sidecar that may hold the sentence, the first one first: other systems have other names for it."""

_Row = tuple[str | None, tuple[Event, ...] | None]
"""Caption of a film and its events, where they are known."""


def pairing_name(name: str) -> str:
    """By what a clip is paired with another system's, or with its reference: a film's file name without the ending."""
    path = PurePath(name)
    return path.stem if path.suffix.lower() in FILMS else path.name


@dataclass(frozen=True)
class Film:
    """A film that has not been read yet.

    Attributes:
        path: of the film.
        prompt: from its manifest, or from the sidecar beside it.
        truth: its events, from the manifest.
        foreign: there is a sidecar, and no sentence in it.
        damage: what is wrong with its sidecar, if anything.
    """

    path: Path
    prompt: str | None
    truth: tuple[Event, ...] | None = None
    foreign: bool = False
    damage: str = ""

    def subject(self, cache: Cache | None) -> Subject:
        """The film to be scored; it is decoded when something asks for what the cache does not hold.

        Raises:
            MediaError: if it or its sidecar cannot be read.
        """
        if self.damage:
            raise MediaError(self.damage)
        try:
            shelf = None if cache is None else cache.shelf(self.path)
        except OSError as error:
            raise unreadable(self.path, error) from error
        return Subject(str(self.path), lambda: read(self.path), self.prompt, self.truth, shelf)


def unreadable(path: Path, error: OSError) -> MediaError:
    """The error for a film whose bytes cannot be had."""
    return MediaError(f"{path} cannot be read ({error.strerror}): mend it, or take it away")


def nested(folder: Path) -> list[str]:
    """Names of the subfolders that hold films."""
    return sorted({path.parent.name for path in folder.glob("*/*") if path.suffix.lower() in FILMS})


def some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    return f"{names[0]} (and {len(names) - 1} more)" if len(names) > 1 else names[0]


def films(folder: str | Path) -> list[Film]:
    """The films of a folder in order of their names.

    Captions come from ``manifest.jsonl``, a line of JSON for each film with the fields ``file`` and ``caption``; so
    do true events where it has the field ``events`` (see :class:`phonofilm.events.Event`). Prompts come from the
    sidecar ``<name>.json`` beside a generated film (see :data:`SENTENCE`). Films without either, or with a sidecar
    that is about something else, are scored by what needs no words.

    Raises:
        MediaError: if the folder is absent or holds no films, or a manifest is damaged. What a damaged sidecar does
            is the trouble of its film alone.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder: name a folder that holds films")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS)
    if not paths:
        deep = nested(folder)
        there = f"; its subfolders do: name one of these, {some(deep)}" if deep else ""
        raise MediaError(f"{folder} holds no films: put some there ({', '.join(sorted(FILMS))}){there}")
    listed = manifest(folder / MANIFEST)
    return [_film(path, listed.get(path.name)) for path in paths]


def _film(path: Path, row: _Row | None) -> Film:
    if row is not None:
        return Film(path, *row)
    sidecar = path.with_suffix(".json")
    try:
        if not sidecar.exists():
            return Film(path, None)
        prompt = _sentence(json.loads(sidecar.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        return Film(path, None, damage=f"{sidecar} beside its film cannot be read ({error}): mend it, or take it away")
    return Film(path, prompt, foreign=prompt is None)


def _sentence(row: Any) -> str | None:
    """The sentence in a sidecar, if there is one."""
    found = [row[name] for name in SENTENCE if name in row] if isinstance(row, dict) else []
    return next((one for one in found if isinstance(one, str)), None)


def manifest(path: Path) -> dict[str, _Row]:
    """Caption and events by file name; empty without a manifest.

    Rows may hold more than what scores need, so that manifests of anybody's films will do; so may files begin with
    a byte order mark, which some editors write.

    Raises:
        MediaError: if it is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"the manifest {path} cannot be read ({error}): prepare the folder again") from error
    listed: dict[str, _Row] = {}
    for number, line in enumerate(lines, start=1):
        try:
            file, row = _row(json.loads(line))
            if file in listed:
                raise ValueError(f"{file} stands there twice")
        except KeyError as error:
            raise MediaError(
                f"{path}, line {number} lacks {error}: give each film its file and caption (null if it has none)"
            ) from error
        except (ValueError, TypeError) as error:
            raise MediaError(f"{path}, line {number} is damaged ({error}): mend it, or make it again") from error
        listed[file] = row
    return listed


def _row(row: dict[str, Any]) -> tuple[str, _Row]:
    """A film's name with its caption and events."""
    file, caption = row["file"], row["caption"]
    events = row.get("events")
    if not (isinstance(file, str) and isinstance(caption, str | None) and isinstance(events, list | None)):
        raise TypeError("file and caption are words, events a list")
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise ValueError(f"{file} lies outside the folder")
    return file, (caption, None if events is None else tuple(_event(event) for event in events))


def _event(row: Any) -> Event:
    try:
        return Event.from_json(row)
    except KeyError as error:
        raise ValueError(f"an event lacks {error}") from error

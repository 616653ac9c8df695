"""Films of a folder, with what stands beside them."""

from __future__ import annotations

import json
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

_Row = tuple[str, tuple[Event, ...] | None]
"""Caption of a film, and its events where they are known."""


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
    """

    path: Path
    prompt: str | None
    truth: tuple[Event, ...] | None

    def subject(self, cache: Cache | None) -> Subject:
        """The film to be scored; it is decoded when something asks for what the cache does not hold.

        Raises:
            MediaError: if it cannot be read.
        """
        try:
            shelf = None if cache is None else cache.shelf(self.path)
        except OSError as error:
            raise MediaError(f"{self.path} cannot be read ({error.strerror}): mend it, or take it away") from error
        return Subject(str(self.path), lambda: read(self.path), self.prompt, self.truth, shelf)


def films(folder: str | Path) -> list[Film]:
    """The films of a folder in order of their names.

    Captions come from ``manifest.jsonl``, a line of JSON for each film with the fields ``file`` and ``caption``; so
    do true events where it has the field ``events`` (see :class:`phonofilm.events.Event`). Prompts come from the
    sidecar ``<name>.json`` beside a generated film (field ``prompt``). Films without either are scored by what needs
    no words.

    Raises:
        MediaError: if the folder is absent or holds no films, or a manifest or sidecar is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder: name a folder that holds films")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS)
    if not paths:
        raise MediaError(f"{folder} holds no films: put some there ({', '.join(sorted(FILMS))})")
    listed = _manifest(folder / MANIFEST)
    return [_film(path, listed.get(path.name)) for path in paths]


def _film(path: Path, row: _Row | None) -> Film:
    return Film(path, _sidecar_prompt(path.with_suffix(".json")), None) if row is None else Film(path, *row)


def _sidecar_prompt(path: Path) -> str | None:
    """The prompt of a film's sidecar; ``None`` without one."""
    try:
        prompt = json.loads(path.read_text(encoding="utf-8"))["prompt"]
        if not isinstance(prompt, str):
            raise TypeError(f"the prompt is {prompt!r}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"{path} beside its film holds no prompt ({error!r}): mend it, or take it away") from error
    return prompt


def _manifest(path: Path) -> dict[str, _Row]:
    """Caption and events by file name; empty without a manifest.

    Rows may hold more than what scores need, so that manifests of anybody's films will do.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"the manifest {path} cannot be read ({error}): prepare the folder again") from error
    listed: dict[str, _Row] = {}
    for number, line in enumerate(lines, start=1):
        try:
            file, row = _row(json.loads(line))
            if file in listed:
                raise ValueError(f"{file} stands there twice")
        except KeyError as error:
            raise MediaError(f"{path}, line {number} lacks {error}: give each film its file and caption") from error
        except (ValueError, TypeError) as error:
            raise MediaError(f"{path}, line {number} is damaged ({error}): mend it, or make it again") from error
        listed[file] = row
    return listed


def _row(row: dict[str, Any]) -> tuple[str, _Row]:
    """A film's name with its caption and events."""
    file, caption = row["file"], row["caption"]
    events = row.get("events")
    if not (isinstance(file, str) and isinstance(caption, str) and isinstance(events, list | None)):
        raise TypeError("file and caption are words, events a list")
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise ValueError(f"{file} lies outside the folder")
    return file, (caption, None if events is None else tuple(_event(event) for event in events))


def _event(row: Any) -> Event:
    try:
        return Event.from_json(row)
    except KeyError as error:
        raise ValueError(f"an event lacks {error}") from error

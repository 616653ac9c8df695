"""Films of a folder, with what stands beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError
from phonofilm.events import Event
from phonofilm.media.read import read
from phonofilm.metrics._score import Subject

FILMS = frozenset((".mp4", ".mkv", ".mov", ".webm", ".m4v", ".avi"))
MANIFEST = "manifest.jsonl"


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

    def read(self) -> Subject:
        """The film in memory.

        Raises:
            MediaError: if it cannot be read.
        """
        return Subject(str(self.path), read(self.path), self.prompt, self.truth)


def films(folder: str | Path) -> list[Film]:
    """The films of a folder in order of their names.

    Captions and true events come from ``manifest.jsonl`` (fields ``file``, ``caption``, ``events``), prompts from
    the sidecar ``<name>.json`` beside a generated film (field ``prompt``). Films without either are scored by
    what needs no words.

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


def subjects(films: list[Film], refuse: Callable[[str, str], None] | None) -> Iterator[Subject]:
    """Read films one at a time; one that cannot be read is an error, or is told to ``refuse`` if that is given."""
    for film in films:
        try:
            yield film.read()
        except MediaError as error:
            if refuse is None:
                raise
            refuse(str(film.path), str(error))


def _film(path: Path, row: tuple[str, tuple[Event, ...]] | None) -> Film:
    return Film(path, _sidecar_prompt(path.with_suffix(".json")), None) if row is None else Film(path, *row)


def _sidecar_prompt(path: Path) -> str | None:
    """The prompt of a film's sidecar; ``None`` without one."""
    try:
        prompt = json.loads(path.read_text(encoding="utf-8"))["prompt"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"{path} beside its film holds no prompt ({error!r}): mend it, or take it away") from error
    return str(prompt)


def _manifest(path: Path) -> dict[str, tuple[str, tuple[Event, ...]]]:
    """Caption and events by file name; empty without a manifest."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return dict(_row(json.loads(line)) for line in lines)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"the manifest {path} is damaged ({error!r}): prepare the folder again") from error


def _row(row: dict[str, Any]) -> tuple[str, tuple[str, tuple[Event, ...]]]:
    return row["file"], (row["caption"], tuple(map(Event.from_json, row["events"])))

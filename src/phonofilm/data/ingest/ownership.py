"""Which packed folders a work folder has made: replaced by the same settings, others by ``--force`` only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import RootModel, ValidationError

from phonofilm.data.ingest.rows import Row
from phonofilm.data.packed.rows import INDEX
from phonofilm.errors import MediaError
from phonofilm.media.atomic import write_atomically
from phonofilm.media.digest import file_sha256

MADE = "made.json"
"""In the work folder: what it made, by the packed folders, as seen from there."""
SHOWN = 40
"""Letters of a setting's value that is shown; of longer ones the name says enough."""


class Made(Row):
    """A packed folder as it was made.

    Attributes:
        index: SHA-256 of its index.
        settings: that it was made with, see :attr:`phonofilm.data.ingest.plan.Plan.deciding`.
    """

    index: str
    settings: dict[str, Any]


_Notes = RootModel[dict[str, Made]]


def note(work: Path, packed: Path, digest: str, settings: Mapping[str, Any]) -> None:
    """Remember, before the index appears, that it is ours, and what it was made with.

    Raises:
        MediaError: if it cannot be written, or the earlier notes are damaged.
    """
    made = {**_made(work), _name(work, packed): Made(index=digest, settings=dict(settings))}
    write_atomically(work / MADE, (_Notes(made).model_dump_json(indent=1) + "\n").encode(), force=True)


def is_own(work: Path, packed: Path) -> bool:
    """The packed folder is as this work folder made it.

    Raises:
        MediaError: if the notes are damaged.
    """
    index, made = packed / INDEX, _made(work).get(_name(work, packed))
    return made is not None and index.is_file() and made.index == file_sha256(index)


def made_with(work: Path, packed: Path) -> dict[str, Any] | None:
    """The settings that a packed folder was made with; ``None`` if it is not as this work folder made it.

    Raises:
        MediaError: if the notes are damaged.
    """
    return _made(work)[_name(work, packed)].settings if is_own(work, packed) else None


def other_settings(work: Path, packed: Path, settings: Mapping[str, Any]) -> list[str]:
    """What was otherwise when this work folder made the packed folder, such as ``pack.fps 8 -> 2``.

    Raises:
        MediaError: if the notes are damaged.
    """
    before = _made(work)[_name(work, packed)].settings
    names = [name for name in (*settings, *(before.keys() - settings.keys())) if before.get(name) != settings.get(name)]
    return [_change(name, before.get(name), settings.get(name)) for name in names]


def check_place(folder: Path, own: Sequence[str]) -> None:
    """Object to a folder that holds things, none of them ours; hidden ones, such as a file browser's, do not count.

    Args:
        folder: need not be there.
        own: patterns of names, one of which a folder of ours has.

    Raises:
        MediaError: if it is another's.
    """
    names = sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []
    if names and not any(fnmatch(name, pattern) for name in names for pattern in own):
        raise MediaError(f"{folder} holds other things, {names[0]} the first: name a new folder")


def check_outside(folder: Path, films: Path, suffix: str) -> None:
    """Object to a folder for results that lies among the films, where clips would count as films.

    Args:
        folder: need not be there.
        films: folder of the films.
        suffix: of the name that is offered.

    Raises:
        MediaError: if it does.
    """
    place = films.resolve()
    if place in (folder.resolve(), *folder.resolve().parents):
        raise MediaError(
            f"{folder} lies in the folder of the films, where clips that are cut would be taken for films: "
            f"choose another folder, such as {place}.{suffix}"
        )


def own(work: Path) -> list[Path]:
    """The packed folders that are as this work folder made them.

    Raises:
        MediaError: if the notes are damaged.
    """
    folders = [(work / name).resolve() for name in _made(work)]
    return [folder for folder in folders if is_own(work, folder)]


def _name(work: Path, packed: Path) -> str:
    """Of a packed folder: its way from the work folder, so that both can be moved and two runs can be compared."""
    return Path(os.path.relpath(packed.resolve(), work.resolve())).as_posix()


def _change(name: str, before: Any, now: Any) -> str:
    told = " -> ".join("none" if value is None else str(value) for value in (before, now))
    return f"{name} {told}" if len(told) <= SHOWN else name


def _made(work: Path) -> dict[str, Made]:
    path = work / MADE
    if not path.exists():
        return {}
    try:
        return _Notes.model_validate_json(path.read_bytes()).root
    except (OSError, ValidationError) as error:
        raise MediaError(f"{path} is damaged: delete it, and give --force to replace a packed folder") from error

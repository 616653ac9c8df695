"""Which packed folders a work folder has made: these it may replace, others only by ``--force``."""

from __future__ import annotations

import json
import os
from pathlib import Path

from phonofilm.data.packed.rows import INDEX
from phonofilm.errors import MediaError
from phonofilm.media.atomic import write_atomically
from phonofilm.media.digest import file_sha256

MADE = "made.json"
"""In the work folder: digests of the indices that it made, by the packed folder they lie in, as seen from there."""


def note(work: Path, packed: Path, digest: str) -> None:
    """Remember, before the index appears, that it is ours.

    Raises:
        MediaError: if it cannot be written, or the earlier notes are damaged.
    """
    made = {**_made(work), _name(work, packed): digest}
    write_atomically(work / MADE, (json.dumps(made, indent=1) + "\n").encode(), force=True)


def is_own(work: Path, packed: Path) -> bool:
    """The packed folder is as this work folder made it.

    Raises:
        MediaError: if the notes are damaged.
    """
    index = packed / INDEX
    return index.is_file() and _made(work).get(_name(work, packed)) == file_sha256(index)


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


def _made(work: Path) -> dict[str, str]:
    path = work / MADE
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise MediaError(f"{path} is damaged: delete it, and give --force to replace a packed folder") from error

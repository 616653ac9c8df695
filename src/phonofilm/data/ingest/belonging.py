"""The names that belong to work, packed and published folders: no file of another kind takes one of them."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from phonofilm.data.ingest.ownership import MADE
from phonofilm.data.ingest.publish import CARD, DATA
from phonofilm.data.ingest.report import NAME as PAGE
from phonofilm.data.ingest.workspace import ANSWERS, PLAN
from phonofilm.data.packed.rows import INDEX, SOURCES
from phonofilm.errors import MediaError

_STAGE = f"*-{16 * '[0-9a-f]'}"
"""Folders of stages and of latents."""
NAMES = {
    PLAN: (PLAN, MADE, ANSWERS, PAGE, _STAGE),
    INDEX: (INDEX, SOURCES, "shard-*", _STAGE, CARD, DATA),
}
"""By a file that marks a folder of ours, the names of what is in it."""


def check_free(path: Path) -> None:
    """Object to a file or folder to come whose name belongs to a work, packed or published folder around it.

    Raises:
        MediaError: if it does.
    """
    place = path.resolve()
    for folder in place.parents:
        name = place.relative_to(folder).parts[0]
        names = [one for mark, names in NAMES.items() if (folder / mark).is_file() for one in names]
        if any(fnmatch(name, pattern) for pattern in names):
            raise MediaError(f"{path} is not free, {name} belongs to {folder}: choose another name with -o")

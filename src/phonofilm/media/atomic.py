"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from phonofilm.errors import MediaError


def make_folder(path: Path) -> Path:
    """The folder, made with those above it where it is missing.

    Raises:
        MediaError: if it cannot be made, or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"cannot make the folder {path} ({error.strerror}): choose another with -o") from error
    return path


def check_target(path: str | Path, *, force: bool = False) -> Path:
    """The path as a ``Path``, once it is known that a file may be made there.

    Worth calling before long work whose result goes there.

    Raises:
        MediaError: if the folder is absent or unwritable, or the file exists and ``force`` is not given.
    """
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise MediaError(f"the folder {path.parent} does not exist: make it first")
    if path.exists() and not force:
        raise MediaError(f"{path} exists already: choose another name, or replace it (--force, force=True)")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MediaError(f"the folder {path.parent} may not be written to: choose another one")
    return path


def write_atomically(path: str | Path, data: bytes, *, force: bool = False) -> Path:
    """Make a file of ``data``: at no moment, whatever fails, is there half a file of that name.

    The bytes go to a temporary name in the same folder, reach the disk, and are then renamed.

    Raises:
        MediaError: if the file cannot be made (see :func:`check_target`) or the disk is full.
    """
    path = check_target(path, force=force)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise MediaError(
            f"could not write {path} ({error.strerror}): make room or choose another folder; nothing was left behind"
        ) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    _settle(path.parent)
    return path


def _settle(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system lets folders be opened (not Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

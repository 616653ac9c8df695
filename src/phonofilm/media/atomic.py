"""Files that are there whole or not at all, alone or several together."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from phonofilm.errors import StorageError

NAME_KEPT = 40
"""Letters of a file's name that stand in its temporary one, which must not become too long for the system."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room."""


@contextmanager
def room_needed(folder: Path) -> Iterator[None]:
    """Say in one sentence that the disk is full, wherever in the block a file could not be written.

    Raises:
        StorageError: instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageError(
            f"there is no room for what is written to {folder} ({error.strerror}): make room, then give the same "
            "command again to continue"
        ) from error


def make_folder(path: Path) -> Path:
    """The folder, made with those above it where it is missing.

    Raises:
        StorageError: if it cannot be made, or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_folder(path, error.strerror) from error
    return path


def check_folder(path: Path) -> Path:
    """The folder, once it is known that :func:`make_folder` will make it and files may be made in it.

    Raises:
        StorageError: if it is a file or below one, may not be written to, or has a name that no system takes.
    """
    try:
        _exists(path)
    except OSError as error:
        raise _no_folder(path, error.strerror) from error
    nearest = _nearest(path)
    if not nearest.is_dir():
        raise _no_folder(path, f"{nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _no_folder(path, f"{nearest} may not be written to")
    return path


def check_target(path: str | Path, *, force: bool = False, new_folder: bool = False) -> Path:
    """The path as a ``Path``, once it is known that a file may be made there.

    Worth calling before long work whose result goes there.

    Args:
        path: of the file to come.
        force: it may replace another.
        new_folder: :func:`make_folder` will be called for its folder, which need not be there yet.

    Raises:
        StorageError: if the folder is absent or unwritable, the file exists and ``force`` is not given, or its name
            is one that no system takes.
    """
    path = Path(path)
    folder = path.parent
    if new_folder:
        check_folder(folder)
    elif not os.path.isdir(folder):
        raise StorageError(f"the folder {folder} does not exist: make it first")
    try:
        exists = _exists(path)
    except OSError as error:
        raise StorageError(f"cannot make {path} ({error.strerror}): choose another name") from error
    if exists and path.is_dir():
        raise StorageError(f"{path} is a folder: name a file in it")
    if exists and not force:
        raise StorageError(f"{path} exists already: choose another name, or replace it (--force, force=True)")
    if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"the folder {folder} may not be written to: choose another one")
    return path


def try_target(path: str | Path, *, force: bool = False) -> Path:
    """As :func:`check_target`, and a file was made there and taken away: rights alone say yes to ``/proc``, say.

    Raises:
        StorageError: see :func:`check_target`; or if no file can be made.
    """
    path = check_target(path, force=force)
    part = _part(path)
    try:
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        raise StorageError(
            f"no file can be made in the folder {path.parent} ({error.strerror}): choose another one"
        ) from error
    return path


def replace_folder(path: Path, new: Path) -> None:
    """Give a finished folder its name; one that had it goes only once the new one is there.

    Killed between the two renames, a run leaves the old folder whole beside it, under a hidden name.
    """
    old = path.with_name(f".{path.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def rename(path: Path, name: Path) -> None:
    """Give a file, which has reached the disk, another name in its folder; also a power cut leaves it one of both."""
    path.replace(name)
    _settle(name.parent)


def write_atomically(path: str | Path, data: bytes, *, force: bool = False) -> Path:
    """Make a file of ``data``: at no moment, whatever fails, is there half a file of that name.

    Raises:
        StorageError: see :func:`write_together`.
    """
    path = Path(path)
    write_together({path: data}, force=force)
    return path


def write_together(files: Mapping[Path, bytes], *, force: bool = False) -> None:
    """Make several files, all of them or none; each appears whole, in the order given.

    The bytes go to temporary names in the same folders and reach the disk; once all are there, they are renamed.
    Files that were to be replaced stay as they are if the bytes cannot be written; should a rename itself fail after
    others went through, those are taken away again, and what they replaced is gone.

    Raises:
        StorageError: if one cannot be made (see :func:`check_target`) or the disk is full.
    """
    parts = {check_target(path, force=force): _part(path) for path in files}
    path, made = None, []
    try:
        for path, part in parts.items():
            _write_through(part, files[path])
        for path, part in parts.items():
            part.replace(path)
            made.append(path)
    except OSError as error:
        _remove(made)
        raise StorageError(
            f"could not write {path} ({error.strerror}): make room or choose another folder; nothing of it remains"
        ) from error
    finally:
        _remove(parts.values())
    for folder in {path.parent for path in parts}:
        _settle(folder)


@contextmanager
def appearing(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A file to write into, for results that memory should not hold; it appears whole when the block ends, or not.

    Raises:
        StorageError: if it cannot be made (see :func:`check_target`) or the disk is full.
    """
    part = _part(check_target(path, force=force))
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"could not write {path} ({error.strerror}): make room or choose another folder; nothing of it remains"
        ) from error
    finally:
        _remove([part])
    _settle(path.parent)


def _no_folder(path: Path, reason: str | None) -> StorageError:
    return StorageError(f"cannot make the folder {path} ({reason}): choose another with -o")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest thing above it that is there; ``os.path`` takes even over-long names."""
    return next(one for one in (folder, *folder.parents) if os.path.exists(one))


def _exists(path: Path) -> bool:
    """Whether it is there; raises ``OSError`` for a name that no system takes.

    Below a folder that is missing yet every name is merely absent, so it is tried in the nearest that is there.
    """
    try:
        (_nearest(path.parent) / path.name).stat()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name[:NAME_KEPT]}.{secrets.token_hex(4)}.part")


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()


def _settle(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system lets folders be opened (not Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

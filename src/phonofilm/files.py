"""Output files that are whole or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError


def check_output(path: Path, *, force: bool = False) -> None:
    """Refuse an output before any work is spent on it; makes its folder.

    Raises:
        MediaError: if it exists and ``force`` is off, is a folder, or cannot be written there.
    """
    if path.is_dir():
        raise MediaError(f"{path} is a folder: give the name of a file in it")
    if path.exists() and not force:
        raise MediaError(f"{path} exists already: choose another name, or replace it with --force")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    if not os.access(path.parent, os.W_OK):
        raise MediaError(f"cannot write {path}: no permission in {path.parent}; choose another folder with -o")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its name when the block ends well, and goes when it fails.

    Raises:
        MediaError: for a full disk and every other failure of the file system.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a whole file; returns its path."""
    with replacing(path) as partial:
        partial.write_bytes(content)
    return path


def write_json(path: Path, content: Any) -> Path:
    """Write JSON with an indent, ending in a line break; returns its path."""
    return write_bytes(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def _cannot_write(path: Path, error: OSError) -> MediaError:
    reason = error.strerror or str(error)
    return MediaError(f"cannot write {path}: {reason}; free some space or choose another folder with -o")

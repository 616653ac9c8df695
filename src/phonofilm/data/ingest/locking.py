"""One run at a time for each film of a work folder: two would take each other's unfinished files away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from phonofilm.data.ingest.stage import Shard
from phonofilm.errors import SettingError, StorageError
from phonofilm.media.atomic import make_folder

PATIENCE = 1.0
"""Seconds: runs of one division that begin together hold each foreign lock for a moment, to see whether it is free."""


@contextmanager
def at_work(folder: Path, share: Shard) -> Iterator[None]:
    """A block in which no other run works on any film of this share in a work folder.

    Shares of one division have no film in common and run side by side; all others might. The system frees the locks
    of a process however it ends, also by ``kill -9``.

    Raises:
        SettingError: if another run is at work.
        StorageError: if the folder cannot be made or has no locks.
    """
    own = make_folder(folder) / _name(share)
    with _held(own):
        for other in sorted(folder.glob(_name("*"))):
            if not other.name.endswith(f"-of-{share.count}"):
                with _held(other, PATIENCE):  # nobody is at work there
                    pass
        yield


def _name(share: Shard | str) -> str:
    return f".lock-{share}" if isinstance(share, str) else f".lock-{share.index}-of-{share.count}"


@contextmanager
def _held(path: Path, patience: float = 0) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise SettingError(
            f"another run is at work in {path.parent}: wait until it has ended, or end it; "
            f"if there is none on any machine, delete {path}"
        ) from error
    except (OSError, NotImplementedError) as error:
        raise StorageError(f"{path} cannot be locked ({error}): choose another work folder") from error
    try:
        yield
    finally:
        lock.release()

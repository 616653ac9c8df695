"""Readings on disk, by the bytes of the film: what was read once is not read again, by any metric in any run.

``<folder>/<programs>/<first letters>/<SHA-256 of the film>/<reading>.npz``. A film that changes is another film, a
reading with other settings has another id, and with another version of FFmpeg or of a library that reads, everything is
read anew. So nothing in it is ever out of date, and any part may be deleted at any time.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import av
import numpy as np

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.media.digest import file_sha256, sha256
from phonofilm.metrics._subject import Arrays

VERSION = 1
"""Of the way from a film's bytes to a clip; grows when the same film would be decoded to other values."""
LIBRARIES = (
    "ai-edge-litert",
    "librosa",
    "numba",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scipy",
    "soxr",
    "tokenizers",
    "torch",
    "transformers",
)
"""Whose arithmetic readings are made with: another version may give other values."""


class CacheError(SettingError):
    """Readings cannot be kept where one says: no film's fault, and no metric's."""


@dataclass(frozen=True)
class Cache:
    """A folder of readings.

    Attributes:
        folder: made when it is needed.
    """

    folder: Path

    def shelf(self, film: Path) -> FilmShelf:
        """Where the readings of a film are.

        Raises:
            OSError: if the film cannot be read.
        """
        key = file_sha256(film)
        return FilmShelf(self.folder / programs() / key[:2] / key)


@cache
def programs() -> str:
    """Eight letters that stand for the versions of all that decodes and reads here."""
    versions = (f"{name} {_version(name)}" for name in LIBRARIES)
    return sha256("\n".join((f"{VERSION} {av.ffmpeg_version_info}", *versions)).encode())[:8]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # an extra that is not installed reads nothing
        return ""


@dataclass(frozen=True)
class FilmShelf:
    """The readings of one film.

    Attributes:
        folder: of its files.
    """

    folder: Path

    def get(self, key: str) -> Arrays | None:
        """A reading by its id; ``None`` if it is not there, or not whole.

        Raises:
            CacheError: if it is there and cannot be read.
        """
        try:
            with np.load(self._path(key), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, EOFError, zipfile.BadZipFile):
            return None  # it is made again and replaced
        except OSError as error:
            raise CacheError(
                f"what is kept at {self._path(key)} cannot be read ({error.strerror or error}): name another folder "
                "with --cache, or keep none with --no-cache"
            ) from error

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep a reading.

        Raises:
            CacheError: if it cannot be written.
        """
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]  # numpy's stubs mistake names for options
        try:
            make_folder(self.folder)
            write_atomically(self._path(key), buffer.getvalue(), force=True)
        except MediaError as error:
            reason = getattr(error.__cause__, "strerror", None) or error  # its own advice is for files one named
            raise CacheError(
                f"readings cannot be kept in {self.folder} ({reason}): name another folder with --cache, or keep none "
                "with --no-cache"
            ) from error

    def _path(self, key: str) -> Path:
        plain = re.sub(r"[^\w@.-]", "_", key)
        return self.folder / f"{plain if plain == key else f'{plain}-{sha256(key.encode())[:8]}'}.npz"

"""The exceptions and warnings a user can meet. Each error's message is one sentence that holds the fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PhonofilmError(Exception):
    """Something the user can mend: bad input, a damaged file, a setting out of range.

    The command line prints its message and exits with status 2; nothing half-written is left.
    """


class MediaError(PhonofilmError):
    """A file that cannot be read or written as a sounding film."""


class TimestampError(MediaError):
    """A film whose pictures have no times of their own, or times that do not rise."""


class UnsupportedMediaError(MediaError):
    """A whole file in a form that is not read here: another program may convert it."""


class StorageError(MediaError):
    """A file that is gone or cannot be made: the disk's trouble or the folder's, and no film's."""


class OutOfMemoryError(PhonofilmError, MemoryError):
    """A film wants more memory than there is, or than is allowed."""


class WeightsError(PhonofilmError):
    """Weights that are missing, damaged, or made for something else."""


class SettingError(PhonofilmError):
    """A setting, name or prompt that the model or command cannot take."""


class UnforeseenError(PhonofilmError):
    """An error that nobody foresaw, in work on some of many films; its message ends with the traceback of one."""


class LicenceWarning(UserWarning):
    """Weights of others are loaded, under terms of their own."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> SettingError:
    """The error for a name that is not in ``known``: offers the nearest one, if it is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return SettingError(f"unknown {kind} {name!r}: {hint}known: {', '.join(names)}")

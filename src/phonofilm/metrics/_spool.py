"""A list that lies on disk, so that memory does not grow with the number of clips."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Spool(Sequence[T], Generic[T]):
    """Records in the order in which they were added, each in memory only while it is looked at.

    They lie in a file without a name, which is gone when the spool is, or the process.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the spool
        self._ends = [0]

    def append(self, record: T) -> None:
        """Add a record."""
        self._file.seek(self._ends[-1])
        pickle.dump(record, self._file, pickle.HIGHEST_PROTOCOL)
        self._ends.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        self._file.seek(self._ends[place])
        return pickle.load(self._file)  # noqa: S301  # this very process wrote it, to a file without a name

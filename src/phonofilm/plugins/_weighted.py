"""What all plug-ins that ship have in common: weights by path, loaded when the first clip comes, once a process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from phonofilm.data.ingest.plugins import Form
from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip

if TYPE_CHECKING:
    from phonofilm.metrics import Given, Published, Subject

FULL = "allocate memory"
"""What torch's errors say when the system gives it no more."""


class Weighted(ABC):
    """A :class:`phonofilm.data.ingest.plugins.ClipMeasure` of clips with picture and sound.

    Modules of plug-ins import no metrics, and so no torch, before one of them is chosen.

    Args:
        weights: place of the weights.

    Attributes:
        name, gives, form: see :class:`phonofilm.data.ingest.plugins.ClipMeasure`.
        needed: GiB of memory that a process takes with the published weights.
    """

    name: ClassVar[str]
    gives: ClassVar[tuple[str, ...]]
    form: ClassVar[Form]
    needed: ClassVar[int]

    def __init__(self, weights: str) -> None:
        self.given = self._given(weights)

    @classmethod
    @abstractmethod
    def published(cls) -> Published:
        """The weights that it needs, which are called as it is."""

    @property
    @abstractmethod
    def version(self) -> int:
        """Grows with every version of what it measures by."""

    @abstractmethod
    def warm(self) -> None:
        """Load the network, unless it is there.

        Raises:
            WeightsError: if the file holds other weights.
        """

    @abstractmethod
    def found(self, subject: Subject) -> Mapping[str, float]:
        """The results for a clip with picture and sound.

        Raises:
            MediaError: if it cannot be measured.
        """

    @classmethod
    def digest(cls, weights: str) -> str:
        """SHA-256 of the weights at a place.

        Raises:
            SettingError: if no place is named.
            WeightsError: if there is nothing at it.
        """
        return cls._given(weights).open(cls.published()).digest

    @property
    def licence(self) -> str:
        """Of the weights, to be said once."""
        return f"weights {self.name}: {self.published().licence}"

    def measure(self, clip: Clip) -> Mapping[str, float]:
        """See :meth:`found`.

        Raises:
            MediaError: if picture or sound is missing, or too short.
            SettingError: if the weights do not fit into memory.
            WeightsError: if they are others.
        """
        from phonofilm.metrics import Subject

        for what, side in (("picture", clip.frames), ("sound", clip.audio)):
            if side is None:
                raise MediaError(f"the clip has no {what}")
        try:
            with _full_memory():
                self.warm()
        except MemoryError as error:
            raise SettingError(
                f"the weights {self.name} do not fit into the memory of a worker: they take about {self.needed} GiB, "
                f"so give --memory-limit {self.needed} and as few --workers as the machine has room for"
            ) from error
        with _full_memory():
            return self.found(Subject("the clip", clip))

    @classmethod
    def _given(cls, weights: str) -> Given:
        from phonofilm.metrics import Given

        one = cls.published()
        if not weights:
            raise SettingError(
                f"the plug-in {cls.name} needs weights ({one.what}): get them from {one.home} (licence: {one.licence}) "
                f"and name their place, --plugin {cls.name}=PATH"
            )
        return Given(weights={one.name: weights})


@contextmanager
def _full_memory() -> Iterator[None]:
    """Have torch's want of memory raised as Python's is, which is known as a limit."""
    try:
        yield
    except (RuntimeError, WeightsError) as error:
        if FULL in str(error):
            raise MemoryError(str(error)) from error
        raise

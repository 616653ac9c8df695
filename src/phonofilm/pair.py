"""One frozen pair for everything that exists once per modality.

Every value that a picture stream and a sound stream both have (tensors, noise fractions,
step grids, guidance scales, losses, ...) travels in an :class:`AV`. Shared code maps over
the pair, so no loop ever asks which modality it is looking at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class AV(Generic[T]):
    """A value for the video modality beside the same kind of value for the audio modality.

    A side that is ``None`` does not exist for this family or task; :meth:`map` passes it
    through untouched, and a side that is ``None`` in any argument is ``None`` in the result.
    """

    video: T
    audio: T

    @classmethod
    def both(cls, value: T) -> AV[T]:
        """The same value on both sides."""
        return cls(value, value)

    def map(self, fn: Callable[..., U], *others: AV[Any]) -> AV[U]:
        """Apply ``fn(own, *other_sides)`` to each side; a side with a ``None`` stays ``None``."""

        def one(*sides: Any) -> Any:
            return None if any(side is None for side in sides) else fn(*sides)

        return AV(
            one(self.video, *(other.video for other in others)),
            one(self.audio, *(other.audio for other in others)),
        )

    def swap(self) -> AV[T]:
        """Video's value on the audio side and the other way round."""
        return AV(self.audio, self.video)

    def present(self) -> tuple[T, ...]:
        """The sides that are not ``None``, video first."""
        return tuple(side for side in (self.video, self.audio) if side is not None)

    def __iter__(self) -> Iterator[T]:
        yield self.video
        yield self.audio

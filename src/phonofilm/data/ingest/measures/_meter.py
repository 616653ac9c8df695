"""What a family of measures is given, picture by picture and second by second, and what it gives back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Union

import numpy as np

from phonofilm.data.ingest.stream import Picture
from phonofilm.media.span import Span
from phonofilm.pair import AV

Value = Union[bool, int, float]  # noqa: UP007, read by pydantic at run time on Python 3.10 too


@dataclass(frozen=True)
class Absent:
    """Instead of a value.

    Attributes:
        why: there is none, as the end of a sentence.
    """

    why: str


@dataclass(frozen=True)
class Measure:
    """One number, or yes or no, of a clip.

    Attributes:
        name: as rules use it.
        meaning: what it is, with its unit.
    """

    name: str
    meaning: str


@dataclass(frozen=True)
class Window:
    """The clip that is measured.

    Attributes:
        span: its place.
        time_base: seconds a tick of its pictures.
        origin: the film's start on the file's own clock, in seconds.
        sample_rate: samples a second; 0 without sound.
        speakers: names of the channels; none without sound.
    """

    span: Span
    time_base: Fraction
    origin: Fraction
    sample_rate: int
    speakers: tuple[str, ...]

    @property
    def begin(self) -> Fraction:
        """When its first picture is shown, in seconds after the film's start."""
        return self.span.first_pts * self.time_base - self.origin

    @cached_property
    def tick(self) -> float:
        """Seconds."""
        return float(self.time_base)

    def seen(self, pts: int) -> float:
        """When a picture is shown, in seconds after the first one."""
        return (pts - self.span.first_pts) * self.tick

    @cached_property
    def first_heard(self) -> float:
        """When the first sample is heard, in seconds after the first picture is shown: within half a sample of 0."""
        return float(Fraction(self.span.first_sample, max(self.sample_rate, 1)) - self.begin)


class Meter(ABC):
    """A family of measures, applied to one clip that passes by once.

    It holds sums, and a few hundred bytes for each second of the clip where it must; never pictures or sound.

    Args:
        window: the clip.

    Attributes:
        version: grows whenever the same clip would get another value.
        gives: its measures.
        needs: the streams without which it cannot be built.
    """

    version: ClassVar[int]
    gives: ClassVar[tuple[Measure, ...]]
    needs: ClassVar[AV[bool]]

    def __init__(self, window: Window) -> None:
        self.window = window

    def see(self, picture: Picture) -> None:  # noqa: B027, a family that only listens need not look
        """Take the clip's next picture."""

    def hear(self, samples: np.ndarray) -> None:  # noqa: B027, a family that only looks need not listen
        """Take the clip's next sound, float32 ``(channel, sample)``."""

    @abstractmethod
    def values(self) -> dict[str, Value | Absent]:
        """Its measures' values, by their names, once all has passed."""

"""Metrics that see or hear clips through one published network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._given import Given, Published
from phonofilm.metrics._score import About
from phonofilm.metrics._subject import Reading

if TYPE_CHECKING:
    from typing_extensions import Self


class Extracted:
    """A part of a metric: it is built with the network whose weights the user names.

    Attributes:
        extractor: the network.
        reading: what it makes of a clip.
    """

    extractor: ClassVar[type[Extractor]]
    weights: ClassVar[tuple[Published, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "extractor"):
            cls.weights = (cls.extractor.published,)

    def __init__(self, reading: Reading, about: About) -> None:
        self.reading, self.about = reading, about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the extractor whose weights are given."""
        extractor = cls.extractor(given)
        return cls(extractor, extractor.about)

"""Kullback-Leibler divergences of what an audio network takes a clip for, one published form and rule each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.metrics._features._listening import Listener, Listening
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.paired import Paired
from phonofilm.metrics._score import About, Better
from phonofilm.metrics._subject import Reading, Subject
from phonofilm.pair import AV

if TYPE_CHECKING:
    from typing_extensions import Self


class TagDivergence(Paired):
    """A divergence of each clip's class probabilities from those of the reference clip of the same name.

    Attributes:
        tagger: whose ``logits`` are compared.
        listening: how clips are heard.
    """

    uses = AV(False, True)
    better = Better.LOWER
    unit = "nats"
    tagger: ClassVar[type[Listener]]
    listening: ClassVar[Listening]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.weights = (cls.tagger.published,)

    def __init__(self, reading: Reading, about: About) -> None:
        self.reading, self.about = reading, about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        extractor = cls.tagger(given, cls.listening)
        return cls(extractor, extractor.about)

    def features(self, subject: Subject) -> np.ndarray:
        """The clip's logits ``(c,)``."""
        return subject.read(self.reading)["logits"]

"""Kullback-Leibler divergences of what an audio network takes a clip for, one published form and rule each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.metrics._features._listening import Listener, Listening
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.extracted import Extracted
from phonofilm.metrics._kinds.paired import Paired
from phonofilm.metrics._score import Better
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

if TYPE_CHECKING:
    from typing_extensions import Self


class TagDivergence(Extracted, Paired):
    """A divergence of each clip's class probabilities from those of the reference clip of the same name.

    Attributes:
        extractor: whose ``logits`` are compared.
        listening: how clips are heard.
    """

    uses = AV(False, True)
    better = Better.LOWER
    unit = "nats"
    extractor: ClassVar[type[Listener]]  # pyright: ignore[reportIncompatibleVariableOverride]  # one with a rule
    listening: ClassVar[Listening]

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        extractor = cls.extractor(given, cls.listening)
        return cls(extractor, extractor.about)

    def features(self, subject: Subject) -> np.ndarray:
        """The clip's logits ``(c,)``."""
        return subject.read(self.reading)["logits"]

"""Metrics that ask how well a clip agrees with its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.metrics._features._reader import Reader
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import NO_PROMPTS, Agreement, Two, cosine
from phonofilm.metrics._subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self


class Captioned(Agreement[np.ndarray, np.ndarray]):
    """The mean over clips of the cosine between sentence and clip; clips without a sentence do not count.

    Chance: each sentence with another one's clip.

    Attributes:
        reader: whose embeddings are compared: of the sentence, and the ``features`` of the clip; where these are many,
            ``(k, d)``, their cosines are averaged.
    """

    none_counts = NO_PROMPTS
    uses_prompt = True
    reader: ClassVar[type[Reader]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.weights = cls.reader.needs

    def __init__(self, reading: Reader) -> None:
        self.reading, self.about = reading, reading.about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the reader whose weights are given, all that it needs for sentences too."""
        reading = cls.reader(given)
        for one in cls.weights:
            if not given.has((one,)):
                given.open(one)  # says what is missing
        return cls(reading)

    def measure(self, subject: Subject) -> Two[np.ndarray, np.ndarray] | None:
        """The sentence's embedding and the clip's; ``None`` without a sentence.

        Raises:
            MediaError: if the clip cannot be read.
        """
        if not subject.prompt or subject.prompt.isspace():
            return None
        clip = subject.read(self.reading)["features"]
        return Two(self.reading.sentence(subject.prompt), clip)

    def agree(self, one: np.ndarray, other: np.ndarray) -> float:
        """The cosine, or the mean of cosines."""
        return float(np.mean([cosine(one, row) for row in np.atleast_2d(other)]))

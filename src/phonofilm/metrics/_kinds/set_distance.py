"""Metrics that compare the features of all clips with those of all reference clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.estimate import Estimate
from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._given import Given
from phonofilm.metrics._maths.resample import jackknife
from phonofilm.metrics._score import About, Better, Metric, Score
from phonofilm.metrics._subject import Reading, Subject

if TYPE_CHECKING:
    from typing_extensions import Self

NO_REFERENCE = "there are no reference clips to compare with: name a folder of true films as the reference"
NO_CLIPS = "there are no clips to score"

Distance = Callable[[np.ndarray, np.ndarray], float]
"""Of features ``(n, d)`` from reference features ``(m, d)``."""


def compare(
    own: Sequence[np.ndarray], true: Sequence[np.ndarray], distance: Distance, seed: int
) -> tuple[Estimate, float | None]:
    """A distance with its interval over clips, and that of every second reference clip from the others (the ceiling).

    Args:
        own, true: features of each clip, ``(k, d)``; ``k`` may differ between clips.
        distance: of all rows of the one from all rows of the other.
        seed: of the jackknife.
    """
    if not own or not true:
        return Estimate(None, reason=NO_CLIPS if true else NO_REFERENCE), None
    against = np.concatenate(true)
    found = jackknife(len(own), lambda clips: distance(np.concatenate([own[i] for i in clips]), against), seed)
    floor = distance(np.concatenate(true[::2]), np.concatenate(true[1::2])) if len(true) > 1 else None
    return found, floor


class SetDistance(Metric[np.ndarray]):
    """A distance between two sets of feature vectors, on which order and pairing of clips have no influence.

    The interval is a delete-a-group jackknife's. The ceiling is the distance between two halves of the reference
    clips, so of half as many clips. Chance does not apply.

    Attributes:
        extractor: whose ``features`` ``(k, d)`` of each clip are compared.
        distance: of all rows of the clips from all rows of the reference clips.
        unit: factor that published values carry, such as "x 10,000"; ``distance`` has it in it.
    """

    extractor: ClassVar[type[Extractor]]
    unit: ClassVar[str] = ""
    needs_reference = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name,)
            cls.weights = (cls.extractor.published,)

    def __init__(self, reading: Reading, about: About) -> None:
        self.reading, self.about = reading, about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the extractor whose weights are given."""
        extractor = cls.extractor(given)
        return cls(extractor, extractor.about)

    def distance(self, features: np.ndarray, reference: np.ndarray) -> float:
        """The distance."""
        raise NotImplementedError

    def measure(self, subject: Subject) -> np.ndarray:
        """Features of one clip, ``(k, d)``."""
        return subject.read(self.reading)["features"]

    def scores(self, measured: Sequence[np.ndarray], reference: Sequence[np.ndarray] | None, seed: int) -> list[Score]:
        """The distance."""
        own, true = list(measured), list(reference or ())
        found, floor = compare(own, true, self.distance, seed)
        return [Score.of(self, self.name, found, Better.LOWER, n=len(own), seed=seed, unit=self.unit, ceiling=floor)]

"""Metrics that compare each clip with the reference clip of the same file name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from phonofilm.errors import SettingError
from phonofilm.estimate import mean
from phonofilm.metrics._folder import pairing_name, some
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Subject

WRONG_PAIRS = 1000
"""The chance level is the mean of about so many wrong pairs: no more are compared, as that can take long."""
NO_REFERENCE = "there are no reference clips to compare with: name a folder of true films as the reference"
NO_CLIPS = "there are no clips to score"


Compare = Callable[[np.ndarray, np.ndarray], float]
"""The number of one pair: a clip's features and its reference clip's."""


@dataclass(frozen=True, eq=False)
class Named:
    """What one clip is compared by.

    Attributes:
        name: of its file, without the ending.
        features: an array.
    """

    name: str
    features: np.ndarray


class Paired(Metric[Named]):
    """The mean over pairs of a clip and the reference clip of the same name, with a bootstrap interval over pairs.

    Chance: each clip with another one's reference.

    Attributes:
        better, unit: of the score, which is called like the metric.
    """

    better: ClassVar[Better] = Better.LOWER
    unit: ClassVar[str] = ""
    needs_reference = True
    needs_pairs = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name") and "gives" not in vars(cls):
            cls.gives = (cls.name,)

    @abstractmethod
    def features(self, subject: Subject) -> np.ndarray:
        """What one clip is compared by."""

    @abstractmethod
    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """The number of one pair."""

    def comparisons(self) -> dict[str, Compare]:
        """All numbers of one pair, by the name of their score."""
        return {self.name: self.compare}

    def measure(self, subject: Subject) -> Named:
        """What one clip is compared by, under its name."""
        return Named(pairing_name(subject.name), self.features(subject))

    def scores(self, measured: Sequence[Named], reference: Sequence[Named] | None, seed: int) -> list[Score]:
        """The means.

        Records are looked at one pair at a time, so that they need not fit into memory.

        Raises:
            SettingError: if a clip has no reference clip of its name, or more than one.
        """
        true = self._partners(measured, _places(reference or ()))
        return [
            self._score(name, compare, measured, [] if reference is None else reference, true, seed)
            for name, compare in self.comparisons().items()
        ]

    def _score(
        self,
        name: str,
        compare: Compare,
        own: Sequence[Named],
        reference: Sequence[Named],
        true: Sequence[int],
        seed: int,
    ) -> Score:
        values = [compare(one.features, reference[place].features) for one, place in zip(own, true, strict=bool(true))]
        shuffles = derangements(len(true), seed)[: -(-WRONG_PAIRS // max(1, len(true)))]
        mixed = [
            compare(one.features, reference[true[other]].features)
            for partner in shuffles
            for one, other in zip(own, partner, strict=True)
        ]
        return Score.of(
            self,
            name,
            mean(values, seed, empty=NO_CLIPS if reference else NO_REFERENCE),
            self.better,
            n=len(values),
            seed=seed,
            unit=self.unit,
            chance=float(np.mean(mixed)) if mixed else None,
        )

    def _partners(self, own: Sequence[Named], places: Mapping[str, int]) -> list[int]:
        """The place of each clip's partner; none without reference clips."""
        names = [one.name for one in own]
        alone = [name for name in names if name not in places]
        if places and alone:
            advice = ", or leave such clips out (--skip-bad)" if len(alone) < len(own) else ""
            raise SettingError(
                f"{self.name} compares clips with reference clips of the same file name, and {some(alone)} has none: "
                f"give both folders the same names{advice}"
            )
        return [places[name] for name in names] if places else []


def _places(reference: Sequence[Named]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, one in enumerate(reference):
        if one.name in found:
            raise SettingError(f"two reference clips are called {one.name}: leave one of them")
        found[one.name] = place
    return found

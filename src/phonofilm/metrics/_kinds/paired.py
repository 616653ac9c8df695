"""Metrics that compare each clip with the reference clip of the same file name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from phonofilm.errors import SettingError
from phonofilm.estimate import mean
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Subject

NO_REFERENCE = "there are no reference clips to compare with: name a folder of true films as the reference"
NO_CLIPS = "there are no clips to score"


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

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name,)

    @abstractmethod
    def features(self, subject: Subject) -> np.ndarray:
        """What one clip is compared by."""

    @abstractmethod
    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """The number of one pair."""

    def measure(self, subject: Subject) -> Named:
        """What one clip is compared by, under its name."""
        return Named(Path(subject.name).stem, self.features(subject))

    def scores(self, measured: Sequence[Named], reference: Sequence[Named] | None, seed: int) -> list[Score]:
        """The mean.

        Raises:
            SettingError: if a clip has no reference clip of its name, or more than one.
        """
        own = list(measured)
        true = self._partners(own, _by_name(reference or ()))
        values = [self.compare(one.features, partner.features) for one, partner in zip(own, true, strict=True)]
        mixed = [
            self.compare(one.features, true[place].features)
            for partner in (derangements(len(own), seed) if true else ())
            for one, place in zip(own, partner, strict=True)
        ]
        return [
            Score.of(
                self,
                self.name,
                mean(values, seed, empty=NO_CLIPS if reference else NO_REFERENCE),
                self.better,
                n=len(values),
                seed=seed,
                unit=self.unit,
                chance=float(np.mean(mixed)) if mixed else None,
            )
        ]

    def _partners(self, own: Sequence[Named], true: Mapping[str, Named]) -> list[Named]:
        alone = [one.name for one in own if one.name not in true]
        if true and alone:
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            raise SettingError(
                f"{self.name} compares clips with reference clips of the same file name, and {alone[0]}{more} has "
                "none: give both folders the same names"
            )
        return [true[one.name] for one in own] if true else []


def _by_name(reference: Sequence[Named]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for one in reference:
        if one.name in found:
            raise SettingError(f"two reference clips are called {one.name}: leave one of them")
        found[one.name] = one
    return found

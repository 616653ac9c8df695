"""Metrics that ask of each clip how well two things that belong to it agree: sound and sentence, picture and sound."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np

from phonofilm.estimate import mean
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Subject

OneT = TypeVar("OneT")
OtherT = TypeVar("OtherT")

NO_CLIPS = "there are no clips to score"
NO_PROMPTS = "no clip has a sentence: score films with sidecars or a manifest"


@dataclass(frozen=True, eq=False)
class Two(Generic[OneT, OtherT]):
    """The two things of one clip."""

    one: OneT
    other: OtherT


class Agreement(Metric[Two[OneT, OtherT]]):
    """The mean over clips, with a bootstrap interval.

    Chance: the one of each clip with the other of another clip.

    Attributes:
        better, unit: of the score, which is called like the metric.
        none_counts: the reason given where no clip counts.
    """

    better: ClassVar[Better] = Better.HIGHER
    unit: ClassVar[str] = ""
    none_counts: ClassVar[str] = NO_CLIPS

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name,)

    @abstractmethod
    def measure(self, subject: Subject) -> Two[OneT, OtherT] | None:
        """The two things of one clip; ``None`` if it does not count."""

    @abstractmethod
    def agree(self, one: OneT, other: OtherT) -> float:
        """How well they agree."""

    def scores(
        self,
        measured: Sequence[Two[OneT, OtherT]],
        reference: Sequence[Two[OneT, OtherT]] | None,
        seed: int,
    ) -> list[Score]:
        """The mean."""
        own = list(measured)
        values = [self.agree(two.one, two.other) for two in own]
        mixed = [
            self.agree(two.one, own[place].other)
            for partner in derangements(len(own), seed)
            for two, place in zip(own, partner, strict=True)
        ]
        return [
            Score.of(
                self,
                self.name,
                mean(values, seed, empty=self.none_counts),
                self.better,
                n=len(own),
                seed=seed,
                unit=self.unit,
                chance=float(np.mean(mixed)) if mixed else None,
            )
        ]


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of the angle between two vectors, in float64."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

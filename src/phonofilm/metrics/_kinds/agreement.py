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

WRONG_PAIRS = 1000
"""The chance level is the mean of about so many wrong pairs: no more are compared, as that can take long."""
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
        """The mean.

        Records are looked at one pair at a time, so that they need not fit into memory.
        """
        values = [self.agree(two.one, two.other) for two in measured]
        shuffles = derangements(len(values), seed)[: -(-WRONG_PAIRS // max(1, len(values)))]
        mixed = [
            self.agree(two.one, measured[place].other)
            for partner in shuffles
            for two, place in zip(measured, partner, strict=True)
        ]
        return [
            Score.of(
                self,
                self.name,
                mean(values, seed, empty=self.none_counts),
                self.better,
                n=len(values),
                seed=seed,
                unit=self.unit,
                chance=float(np.mean(mixed)) if mixed else None,
            )
        ]


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of the angle between two vectors, in float64."""
    return float(cosines(one[None], other)[0])


def cosines(many: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosines of the angles between each of some vectors ``(n, d)`` and one ``(d,)``, in float64, ``(n,)``."""
    a, b = many.astype(np.float64), other.astype(np.float64)
    return a @ b / (np.linalg.norm(a, axis=1) * np.linalg.norm(b))

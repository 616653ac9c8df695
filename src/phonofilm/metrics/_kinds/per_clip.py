"""Metrics that are a number for each clip, and their mean over clips."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from phonofilm.estimate import mean
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Subject

NO_CLIPS = "there are no clips to score"


class PerClip(Metric[float]):
    """The mean over clips, with a bootstrap interval; chance does not apply.

    Attributes:
        better, unit: of the score, which is called like the metric.
        none_counts: the reason given where no clip counts.
    """

    better: ClassVar[Better]
    unit: ClassVar[str] = ""
    none_counts: ClassVar[str] = NO_CLIPS

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name,)

    @abstractmethod
    def measure(self, subject: Subject) -> float | None:
        """The number of one clip; ``None`` if it does not count."""

    def scores(self, measured: Sequence[float], reference: Sequence[float] | None, seed: int) -> list[Score]:
        """The mean."""
        found = mean(list(measured), seed, empty=self.none_counts)
        return [Score.of(self, self.name, found, self.better, n=len(measured), seed=seed, unit=self.unit)]

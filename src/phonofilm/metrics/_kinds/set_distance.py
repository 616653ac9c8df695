"""Metrics that compare the features of all clips with those of all reference clips."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from phonofilm.estimate import Estimate
from phonofilm.metrics._kinds.extracted import Extracted
from phonofilm.metrics._maths.frechet import ClipMoments, Gaussian
from phonofilm.metrics._maths.mmd import ClipSums, Kernel
from phonofilm.metrics._maths.resample import GROUPS, Statistic, extrapolated, jackknife
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Subject

NO_REFERENCE = "there are no reference clips to compare with: name a folder of true films as the reference"
NO_CLIPS = "there are no clips to score"
ONE_VECTOR = "a distance of sets needs two feature vectors or more on both sides: score more clips"
NO_BIAS = f"none: fewer than {2 * GROUPS} clips"
UNBIASED = f"delete-a-group jackknife over clips, {GROUPS} groups, reference held"
HALVES = "reference: one half of the reference clips against the other, half as many, which as many clips may surpass"
STRAIGHT = 4
"""Vectors per dimension from which on the bias falls like 1 / n well enough: of white noise, a line through the values
of n, 3 n / 4 and n / 2 vectors then leaves less than a tenth of it (and more than a quarter at half as many)."""

Against = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], Statistic]
"""From the features ``(k, d)`` of each clip and each reference clip, the distance of some of the clips to them all."""


def compare(
    own: Sequence[np.ndarray], true: Sequence[np.ndarray], against: Against, seed: int, *, biased: bool = True
) -> tuple[Estimate, float | None]:
    """A distance with its interval over clips, and that of every second reference clip from the others (the ceiling).

    Args:
        own, true: features of each clip, ``(k, d)``; ``k`` may differ between clips.
        against: the distance.
        seed: of the jackknife.
        biased: fewer clips have a larger distance on average, and the interval's method says so.
    """
    if not own or not true:
        return Estimate(None, reason=NO_CLIPS if true else NO_REFERENCE), None
    even, odd = true[::2], true[1::2]
    floor = against(even, odd)(np.arange(len(even))) if min(_rows(even), _rows(odd)) > 1 else None
    if min(_rows(own), _rows(true)) < 2:
        return Estimate(None, reason=ONE_VECTOR), floor
    found = jackknife(len(own), against(own, true), seed)
    if not biased:
        found = replace(found, method=NO_BIAS if found.interval is None else UNBIASED)
    return (found if floor is None else replace(found, method=f"{found.method}; {HALVES}")), floor


def _rows(features: Sequence[np.ndarray]) -> int:
    return sum(map(len, features))


def pooled(own: Sequence[np.ndarray], distance: Callable[[np.ndarray], float]) -> Statistic:
    """A distance of the rows of some of the clips together."""
    return lambda clips: distance(np.concatenate([own[i] for i in clips]))


def frechet_against(own: Sequence[np.ndarray], true: Sequence[np.ndarray], ddof: int = 1) -> Statistic:
    """Frechet's; see :func:`phonofilm.metrics.frechet`."""
    return ClipMoments(own, Gaussian.of(np.concatenate(true), ddof), ddof).distance


class SetDistance(Extracted, Metric[np.ndarray]):
    """A distance between two sets of feature vectors, on which order and pairing of clips have no influence.

    The interval is a delete-a-group jackknife's: of the spread of draws of as many clips, without the bias that few of
    them have. The ceiling is the distance between two halves of the reference clips, so of half as many clips: as many
    good clips as there are reference clips come out below it. Chance does not apply.

    Attributes:
        extractor: whose ``features`` ``(k, d)`` of each clip are compared.
        unit: factor that published values carry, such as "x 10,000"; the distance has it in it.
        biased: see :func:`compare`.
    """

    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True
    needs_reference = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name,)

    @abstractmethod
    def against(self, own: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Statistic:
        """See :data:`Against`."""

    def measure(self, subject: Subject) -> np.ndarray:
        """Features of one clip, ``(k, d)``."""
        return subject.read(self.reading)["features"]

    def scores(self, measured: Sequence[np.ndarray], reference: Sequence[np.ndarray] | None, seed: int) -> list[Score]:
        """The distance."""
        own, true = list(measured), list(reference or ())
        found, floor = compare(own, true, self.against, seed, biased=self.biased)
        return [self._score(self.name, found, len(own), seed, floor)]

    def _score(self, name: str, found: Estimate, n: int, seed: int, floor: float | None = None) -> Score:
        return Score.of(self, name, found, Better.LOWER, n=n, seed=seed, unit=self.unit, ceiling=floor)


class PooledDistance(SetDistance):
    """Any distance, computed anew for each of the jackknife's groups; the kinds below know how to be faster."""

    @abstractmethod
    def distance(self, features: np.ndarray, reference: np.ndarray) -> float:
        """The distance of all rows ``(n, d)`` of the clips from all rows ``(m, d)`` of the reference clips."""

    def against(self, own: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Statistic:
        """See :data:`Against`."""
        reference = np.concatenate(true)
        return pooled(own, lambda features: self.distance(features, reference))


class FrechetDistance(SetDistance):
    """Frechet's distance, and ``<name>-inf``: what it would be of infinitely many clips, reference as it is.

    Attributes:
        scale: factor that published values carry; ``unit`` says so.
        ddof: covariances are divided by ``n - ddof``.
    """

    scale: ClassVar[float] = 1.0
    ddof: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "name"):
            cls.gives = (cls.name, f"{cls.name}-inf")

    def against(self, own: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Statistic:
        """See :data:`Against`."""
        distance = frechet_against(own, true, self.ddof)
        return lambda clips: self.scale * distance(clips)

    def scores(self, measured: Sequence[np.ndarray], reference: Sequence[np.ndarray] | None, seed: int) -> list[Score]:
        """The distance, and that of infinitely many clips."""
        own, true = list(measured), list(reference or ())
        found, floor = compare(own, true, self.against, seed, biased=self.biased)
        endless = found if found.value is None else self._endless(own, true, seed)
        return [
            self._score(self.name, found, len(own), seed, floor),
            self._score(f"{self.name}-inf", endless, len(own), seed),
        ]

    def _endless(self, own: Sequence[np.ndarray], true: Sequence[np.ndarray], seed: int) -> Estimate:
        vectors, dimensions = _rows(own), own[0].shape[1]
        if len(own) < 2 * GROUPS or vectors < STRAIGHT * dimensions:
            return Estimate(
                None,
                reason=f"{vectors} vectors of {len(own)} clips are too few to extrapolate from: score "
                f"{2 * GROUPS} clips and {STRAIGHT * dimensions} vectors or more",
            )
        return extrapolated(len(own), self.against(own, true), seed)


class KernelDistance(SetDistance):
    """The unbiased squared maximum mean discrepancy; on average 0 for equal distributions, and so often below.

    Attributes:
        scale: factor that published values carry; ``unit`` says so.
    """

    scale: ClassVar[float] = 1.0
    biased = False

    @abstractmethod
    def kernel(self, reference: np.ndarray) -> Kernel:
        """The kernel, which may depend on the reference's vectors ``(m, d)``."""

    def against(self, own: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Statistic:
        """See :data:`Against`."""
        reference = np.concatenate(true)
        sums = ClipSums.of(own, reference, self.kernel(reference))
        return lambda clips: self.scale * sums.mmd2(clips)

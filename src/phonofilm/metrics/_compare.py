"""Two sets of scores of the same clips' names: is one better, or is it chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from phonofilm.errors import SettingError
from phonofilm.metrics._folder import pairing_name
from phonofilm.metrics._report import Reference, Report
from phonofilm.metrics._score import Better, Score
from phonofilm.parts import LeftOut, Parts


@dataclass(frozen=True)
class Difference:
    """How one score differs between two reports.

    Attributes:
        name, unit, better: of the score.
        one, other: its values over the clips that both reports have.
        interval: 95 % interval of ``other - one``; ``None`` where it cannot be had, and then ``reason`` says why.
        sizes: the same of their sizes, ``|other| - |one|``, which decide where nearer zero is better.
        n: clips that both have.
        reason: see ``interval``.
    """

    name: str
    unit: str
    better: Better
    one: float | None
    other: float | None
    interval: tuple[float, float] | None = None
    sizes: tuple[float, float] | None = None
    n: int = 0
    reason: str | None = None

    @property
    def deciding(self) -> tuple[float, float] | None:
        """The interval that the verdict goes by: sizes, where nearer zero is better."""
        return self.sizes if self.better is Better.NEARER_ZERO else self.interval

    @property
    def told_apart(self) -> bool:
        """Whether the deciding interval lies on one side of zero."""
        return self.deciding is not None and (self.deciding[0] > 0 or self.deciding[1] < 0)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.deciding is None:
            return f"not tested: {self.reason}"
        if not self.told_apart:
            return "not told apart in size" if self.better is Better.NEARER_ZERO else "not told apart"
        greater = self.deciding[0] > 0
        return "the second is better" if greater is (self.better is Better.HIGHER) else "the first is better"


def compare(one: Report, other: Report, seed: int = 0) -> list[Difference]:
    """Paired differences of all scores that two reports share.

    Clips are paired by file name, whatever its ending. Shares, means and quantiles are drawn again together (paired
    bootstrap over clips); distances of sets have a jackknife of the difference, which takes the same clips in both.

    Args:
        one, other: ``other - one`` is what is tested.
        seed: of the resampling.

    Raises:
        SettingError: if they share no score.
    """
    theirs = {score.name: score for score in other.scores}
    found = [
        _difference(_Side.of(one, mine), _Side.of(other, theirs[mine.name]), seed)
        for mine in one.scores
        if mine.name in theirs
    ]
    if not found:
        raise SettingError("the two reports share no score: score both with the same metrics")
    return found


@dataclass(frozen=True)
class _Side:
    """A score with the clips that it rests on, by name, and its reference clips."""

    score: Score
    names: list[str]
    reference: Reference | None

    @classmethod
    def of(cls, report: Report, score: Score) -> _Side:
        names = [pairing_name(name) for name in report.names(score)]
        return cls(score, names, report.references.get(score.definition))

    def parts(self, names: Sequence[str]) -> Parts | None:
        """What the score is made of in these clips."""
        places = {name: place for place, name in enumerate(self.names)}
        return None if self.score.parts is None else self.score.parts.of([places[name] for name in names])


def _difference(one: _Side, other: _Side, seed: int) -> Difference:
    score = one.score

    def untested(reason: str) -> Difference:
        return Difference(score.name, score.unit, score.better, score.value, other.score.value, reason=reason)

    if reason := _incomparable(one, other):
        return untested(reason)
    theirs = set(other.names)
    both = [name for name in one.names if name in theirs]
    mine, yours = one.parts(both), other.parts(both)
    if mine is None or yours is None:
        return untested(f"they rest on different clips, {len(both)} of which have the same name in both")
    interval = yours.minus(mine, seed)
    if interval is None:
        return untested(f"fewer than 2 of the {len(both)} clips that both have give it a value")
    sizes = yours.minus(mine, seed, size=True)
    return Difference(score.name, score.unit, score.better, mine.value, yours.value, interval, sizes, len(both))


def _incomparable(one: _Side, other: _Side) -> str:
    """Why two scores cannot be compared; "" if they can."""
    mine, yours = one.score, other.score
    for what in ("definition", "extractor", "resampler"):
        if getattr(mine, what) != getattr(yours, what):
            return f"their {what}s differ ({getattr(mine, what)} and {getattr(yours, what)})"
    if mine.value is None or yours.value is None:
        return f"{'the first' if mine.value is None else 'the second'} has no value"
    if mine.parts is None or yours.parts is None:
        return "there are no values of single clips"
    if isinstance(mine.parts, LeftOut) and mine.seed != yours.seed:
        return (
            f"their clips were dealt into groups by other seeds ({mine.seed} and {yours.seed}): score with one --seed"
        )
    if _others(one.reference, other.reference):
        told = " and ".join(f"{it.clips} {it.digest}".strip() for it in (one.reference, other.reference) if it)
        return f"their reference clips differ ({told}): score both against one folder"
    if any(len(set(side.names)) < len(side.names) for side in (one, other)):
        return "clips share a name"
    return ""


def _others(one: Reference | None, other: Reference | None) -> bool:
    """Whether reference clips are known to differ: old reports do not say, clips from memory have no digest."""
    if one is None or other is None:
        return False
    return one.clips != other.clips or ("" not in (one.digest, other.digest) and one.digest != other.digest)

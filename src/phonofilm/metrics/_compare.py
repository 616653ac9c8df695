"""Two sets of scores of the same clips' names: is one better, or is it chance?"""

from __future__ import annotations

from dataclasses import dataclass

from phonofilm.errors import SettingError
from phonofilm.metrics._report import Report
from phonofilm.metrics._score import Better, Score


@dataclass(frozen=True)
class Difference:
    """How one score differs between two reports.

    Attributes:
        name, unit, better: of the score.
        one, other: its values over the clips that both reports have.
        interval: 95 % interval of ``other - one``; ``None`` where it cannot be had, and then ``reason`` says why.
        n: clips that both have.
        reason: see ``interval``.
    """

    name: str
    unit: str
    better: Better
    one: float | None
    other: float | None
    interval: tuple[float, float] | None = None
    n: int = 0
    reason: str | None = None

    @property
    def told_apart(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.interval is None:
            return f"not tested: {self.reason}"
        if not self.told_apart or self.one is None or self.other is None:
            return "not told apart"
        if self.better is Better.NEARER_ZERO:
            first = abs(self.one) < abs(self.other)
        else:
            first = (self.one > self.other) is (self.better is Better.HIGHER)
        return "the first is better" if first else "the second is better"


def compare(one: Report, other: Report, seed: int = 0) -> list[Difference]:
    """Paired differences of all scores that two reports share.

    Clips are paired by file name. Shares, means and quantiles are drawn again together (paired bootstrap over clips);
    distances of sets have a jackknife of the difference, which takes the same clips in both.

    Args:
        one, other: ``other - one`` is what is tested.
        seed: of the resampling.

    Raises:
        SettingError: if they share no score.
    """
    theirs = {score.name: score for score in other.scores}
    found = [
        _difference(score, theirs[score.name], one.names(score), other.names(theirs[score.name]), seed)
        for score in one.scores
        if score.name in theirs
    ]
    if not found:
        raise SettingError("the two reports share no score: score both with the same metrics")
    return found


def _difference(one: Score, other: Score, names: list[str], theirs: list[str], seed: int) -> Difference:
    def untested(reason: str) -> Difference:
        return Difference(one.name, one.unit, one.better, one.value, other.value, reason=reason)

    for what in ("definition", "extractor", "resampler"):
        mine, yours = getattr(one, what), getattr(other, what)
        if mine != yours:
            return untested(f"their {what}s differ ({mine} and {yours})")
    if one.value is None or other.value is None:
        return untested(f"{'the first' if one.value is None else 'the second'} has no value")
    if one.parts is None or other.parts is None:
        return untested("there are no values of single clips")
    if len(set(names)) < len(names) or len(set(theirs)) < len(theirs):
        return untested("clips share a name")
    both = [name for name in names if name in set(theirs)]
    mine = one.parts.of([names.index(name) for name in both])
    yours = other.parts.of([theirs.index(name) for name in both])
    interval = None if mine is None or yours is None else yours.minus(mine, seed)
    if mine is None or yours is None or interval is None:
        return untested(f"they rest on different clips, {len(both)} of which have the same name in both")
    return Difference(one.name, one.unit, one.better, mine.value, yours.value, interval, len(both))

"""Two sets of scores of the same clips' names: is one better, or is it chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phonofilm.errors import SettingError, unknown_name
from phonofilm.metrics._find import check_several, kind
from phonofilm.metrics._folder import pairing_name
from phonofilm.metrics._report import Reference, Report
from phonofilm.metrics._score import Better, Score
from phonofilm.parts import LeftOut, Parts


@dataclass(frozen=True)
class Difference:
    """How one score differs between two reports.

    Attributes:
        name, unit, better: of the score.
        one, other: its values over the clips that both reports have; where each clip has a number of its own, over
            those that have one in both.
        interval: 95 % interval of ``other - one``; ``None`` where it cannot be had, and then ``reason`` says why.
        sizes: the same of their sizes, ``|other| - |one|``, which decide where nearer zero is better.
        n: clips that give it a value in both.
        counts: clips that give it a value in the first, and in the second: more where what clips hold is put together.
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
    counts: tuple[int, int] = (0, 0)
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

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, which :mod:`phonofilm.plots.comparison` reads."""
        return {**asdict(self), "better": self.better.value, "told_apart": self.told_apart, "verdict": self.verdict}


def compare(one: Report, other: Report, seed: int = 0, metrics: Sequence[str] | None = None) -> list[Difference]:
    """Paired differences of all scores that two reports share; :func:`caveats` says what else differs.

    Clips are paired by file name, whatever its ending. Shares, means and quantiles are drawn again together (paired
    bootstrap over clips); distances of sets have a jackknife of the difference, which takes the same clips in both.

    Args:
        one, other: ``other - one`` is what is tested.
        seed: of the resampling.
        metrics: only scores of these names, or of the metrics of these names.

    Raises:
        SettingError: if they share no clip or no score, or not the one that is asked for.
    """
    for report in (one, other):
        if not isinstance(report, Report):
            raise SettingError(f"{report!r} is no report: read its file first, Report.load({str(report)!r})")
    mine, yours = _names(one), _names(other)
    if mine.keys().isdisjoint(yours):
        shown = " and ".join(next(iter(names.values()), "none") for names in (mine, yours))
        raise SettingError(
            f"the two reports have no film in common (the first of each: {shown}): clips are paired by their file "
            "names, so give both systems' films the same ones"
        )
    theirs = {score.name: score for score in other.scores}
    shared = [score for score in one.scores if score.name in theirs]
    if not shared:
        raise SettingError("the two reports share no score: score both with the same metrics")
    return [
        _difference(_Side.of(one, score), _Side.of(other, theirs[score.name]), seed)
        for score in _asked(shared, metrics)
    ]


def caveats(one: Report, other: Report) -> list[str]:
    """In what two reports differ beside their scores, in sentences: clips, their sentences, their rates."""
    mine, yours = _names(one), _names(other)
    first, second = len(mine.keys() - yours.keys()), len(yours.keys() - mine.keys())
    apart = _apart(_sentences(one), _sentences(other), [name for name in mine if name in yours])
    rates = _rates(one), _rates(other)
    return [
        *([f"films in the first only: {first}, in the second only: {second}"] if first or second else []),
        *([f"{apart}: scores that go by them are not tested, and others are of different tasks"] if apart else []),
        *(
            [f"the first has films of {rates[0]}, the second of {rates[1]}: many scores change with the rate"]
            if all(rates) and rates[0] != rates[1]
            else []
        ),
    ]


def _asked(shared: Sequence[Score], wanted: Sequence[str] | None) -> list[Score]:
    """The scores of these names, or of metrics of these names."""
    if wanted is None:
        return list(shared)
    check_several(wanted)
    names = {score.name: {score.name, _metric(score)} for score in shared}
    known = set().union(*names.values())
    for name in wanted:
        if name not in known:
            raise unknown_name("score or metric of both runs", name, known)
    return [score for score in shared if not names[score.name].isdisjoint(wanted)]


def _metric(score: Score) -> str:
    return score.definition.partition("@")[0]


def _names(report: Report) -> dict[str, str]:
    """File names of the clips that were scored, by what they are paired by."""
    names = (name for some in (report.counted, report.uncounted) for clips in some.values() for name in clips)
    return {pairing_name(name): Path(name).name for name in names}


def _sentences(report: Report) -> dict[str, str]:
    return {pairing_name(name): sentence for name, sentence in report.sentences.items()}


def _apart(mine: Mapping[str, str], yours: Mapping[str, str], names: Sequence[str]) -> str:
    """Whose sentences are known to differ; "" if none are."""
    found = [name for name in names if name in mine and name in yours and mine[name] != yours[name]]
    many = f"{len(found)} film{'s' if len(found) > 1 else ''}"
    return f"the sentences of {many} differ, such as {found[0]}" if found else ""


def _rates(report: Report) -> str:
    """The rates of its films; "" where they have none in common."""
    for score in report.scores:
        if score.fps is not None and score.sample_rate is not None:
            return f"{float(score.fps):.6g} fps and {score.sample_rate} Hz"
    return ""


@dataclass(frozen=True)
class _Side:
    """A score with the clips that it rests on, by name, and its reference clips."""

    score: Score
    names: list[str]
    reference: Reference | None
    sentences: dict[str, str]

    @classmethod
    def of(cls, report: Report, score: Score) -> _Side:
        names = [pairing_name(name) for name in report.names(score)]
        return cls(score, names, report.references.get(score.definition), _sentences(report))

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
    apart = _apart(one.sentences, other.sentences, both)
    if apart and _goes_by_sentences(score):
        return untested(apart)
    mine, yours = one.parts(both), other.parts(both)
    if mine is None or yours is None:
        return untested(f"they rest on different clips, {len(both)} of which have the same name in both")
    mine, yours = _alike(mine, yours)
    interval = yours.minus(mine, seed)
    if interval is None:
        return untested(f"fewer than 2 of the {len(both)} clips that both have give it a value")
    sizes = yours.minus(mine, seed, size=True)
    n, counts = int((mine.telling & yours.telling).sum()), (int(mine.telling.sum()), int(yours.telling.sum()))
    return Difference(score.name, score.unit, score.better, mine.value, yours.value, interval, sizes, n, counts)


def _alike(mine: Parts, yours: Parts) -> tuple[Parts, Parts]:
    """Both over the clips that count in both, unless what clips hold is put together."""
    if mine.pooled:
        return mine, yours
    places = np.flatnonzero(mine.telling & yours.telling).tolist()
    return mine.of(places) or mine, yours.of(places) or yours


def _goes_by_sentences(score: Score) -> bool:
    try:
        return kind(_metric(score)).uses_prompt
    except SettingError:  # a metric of somebody else, which is not here
        return False


def _incomparable(one: _Side, other: _Side) -> str:
    """Why two scores cannot be compared; "" if they can."""
    mine, yours = one.score, other.score
    for what in ("definition", "extractor", "resampler"):
        if getattr(mine, what) != getattr(yours, what):
            return f"their {what}s differ ({getattr(mine, what)} and {getattr(yours, what)})"
    if mine.value is None or yours.value is None:
        return f"{'the first' if mine.value is None else 'the second'} has no value"
    if mine.parts is None or yours.parts is None:
        return _partless(*((mine, "the first") if mine.parts is None else (yours, "the second")))
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


def _partless(score: Score, which: str) -> str:
    """Why there is nothing to draw again: where a score is of too few clips its method says so, before a semicolon."""
    few = score.method.startswith("none: ")
    reason = score.method.removeprefix("none: ").partition("; ")[0]
    return f"{which} has no interval ({reason})" if few else f"{which} has no values of single clips"


def _others(one: Reference | None, other: Reference | None) -> bool:
    """Whether reference clips are known to differ: old reports do not say, clips from memory have no digest."""
    if one is None or other is None:
        return False
    return one.clips != other.clips or ("" not in (one.digest, other.digest) and one.digest != other.digest)

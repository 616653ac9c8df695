"""What metrics say of one set of clips, gathered while the clips go by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from phonofilm.errors import MediaError
from phonofilm.metrics._looking import Broken, Measured, Refused
from phonofilm.metrics._spool import Spool
from phonofilm.pair import AV


@dataclass
class Column:
    """What one metric gathered of one set of clips.

    Attributes:
        records, names: of the clips that count.
        uncounted: names of those that do not, as the metric says.
        refused: clips that it could not measure, with the reason.
        broken: why it could measure none; ``None`` if it could.
    """

    records: Spool[Any] = field(default_factory=Spool)
    names: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    broken: str | None = None

    def add(self, name: str, record: Any) -> None:
        """Keep what one clip gave, if anything."""
        if isinstance(record, Broken):
            self.broken = self.broken or record.reason
        elif isinstance(record, Refused):
            self.refused[name] = record.reason
        elif record is None:
            self.uncounted.append(name)
        else:
            self.records.append(record)
            self.names.append(name)

    def without(self, refused: Mapping[str, str]) -> Column:
        """The same with more clips refused, each for its reason."""
        if not refused:
            return self
        rest = Column(uncounted=self.uncounted, refused={**self.refused, **refused}, broken=self.broken)
        for name, record in zip(self.names, self.records, strict=True):
            if name not in refused:
                rest.add(name, record)
        return rest


@dataclass
class Pass:
    """What is gathered while one set of clips goes by.

    Attributes:
        count: metrics.
        skip_bad: clips that cannot be measured are counted, and no error.
        columns: one of each metric.
        rates: frames and samples a second, each with the name of the first clip that has them.
        sentences: of the clips that have one, by name.
        skipped: clips that no metric could measure, with the reason.
        clips: that one metric at least could measure.
        lifeless: names of those that are frozen, and of those that are silent.
    """

    count: int
    skip_bad: bool
    columns: list[Column] = field(init=False)
    rates: dict[tuple[Fraction, int], str] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    clips: int = 0
    lifeless: AV[list[str]] = field(default_factory=lambda: AV([], []))

    def __post_init__(self) -> None:
        self.columns = [Column() for _ in range(self.count)]

    def add(self, name: str, outcome: Measured | MediaError) -> None:
        """Keep what one clip gave; or count it as left out, if that is allowed."""
        bad = _complaint(outcome)
        if bad is not None and not self.skip_bad:
            raise MediaError(f"{bad} (--skip-bad leaves such films out)")
        if isinstance(outcome, MediaError) or all(isinstance(one, Refused) for one in outcome.records):
            self.skipped[name] = bad or ""
            return
        for column, record in zip(self.columns, outcome.records, strict=True):
            column.add(name, record)
        self.rates.setdefault((outcome.fps, outcome.sample_rate), name)
        if sentence := (outcome.prompt or "").strip():
            self.sentences[name] = sentence
        for names, still in zip(self.lifeless, outcome.lifeless, strict=True):
            names.extend([name] if still else [])
        self.clips += 1


def _complaint(outcome: Measured | MediaError) -> str | None:
    """What is wrong with a clip, if anything."""
    if isinstance(outcome, MediaError):
        return str(outcome)
    return next((one.reason for one in outcome.records if isinstance(one, Refused)), None)


def gather(outcomes: Iterable[tuple[str, Measured | MediaError]], count: int, skip_bad: bool) -> Pass:
    """A pass over clips.

    Args:
        outcomes: the name of each clip, and what ``count`` metrics made of it.
        count: metrics.
        skip_bad: see :class:`Pass`.

    Raises:
        MediaError: of the first clip that cannot be measured, unless such are skipped; or if no clip is left.
    """
    gathered = Pass(count, skip_bad)
    for name, outcome in outcomes:
        gathered.add(name, outcome)
    if not gathered.clips:
        first = next(
            (f" ({len(gathered.skipped)} left out, the first: {one})" for one in gathered.skipped.values()), ""
        )
        raise MediaError(f"there is no clip left to score{first}: give at least one with picture and sound")
    return gathered

"""Counts, hours and histograms of a preparation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from phonofilm.data.ingest.ledger import Fate, Ledger
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.recipe import Counted
from phonofilm.data.ingest.rows import ClipRow, Natural, Row
from phonofilm.data.ingest.subsets import Subset

BINS = 24
"""Bars of a histogram, about."""


class Tally(Row):
    """How many were left out for one reason in one stage."""

    stage: str
    reason: Reason
    count: Natural


class Histogram(Row):
    """How a quantity is distributed over the clips.

    Attributes:
        name: of the quantity, in words.
        unit: its unit; empty: none.
        edges: of the bars, rising, one more than there are bars. A bar holds its lower edge; the last both.
        used, left_out: clips in each bar.
        without: clips that have no such value.
    """

    name: str
    unit: str
    edges: tuple[float, ...]
    used: tuple[Natural, ...]
    left_out: tuple[Natural, ...]
    without: Natural


class Share(Row):
    """What is in one subset."""

    subset: Subset
    sources: Natural
    clips: Natural
    seconds: Fraction


class Stats(Row):
    """A preparation in numbers.

    Attributes:
        sources, sources_used: films in all, and those with a clip that is in.
        clips, clips_used: windows in all, and those that are in.
        seconds: of the clips that are in, exactly.
        texts: different captions of these.
        uncaptioned: clips that are in without one.
        shares: of the subsets; empty before the films were divided.
        films_left_out, clips_left_out: by stage and reason, the most frequent first.
        histograms: of the clips.
    """

    sources: Natural
    sources_used: Natural
    clips: Natural
    clips_used: Natural
    seconds: Fraction
    texts: Natural
    uncaptioned: Natural
    shares: tuple[Share, ...]
    films_left_out: tuple[Tally, ...]
    clips_left_out: tuple[Tally, ...]
    histograms: tuple[Histogram, ...]

    @property
    def hours(self) -> Fraction:
        """Of the clips that are in."""
        return self.seconds / 3600

    @property
    def counts(self) -> dict[Counted, Fraction | int]:
        """What :func:`phonofilm.data.ingest.recipe.expected` compares."""
        counts: dict[Counted, Fraction | int] = {
            Counted.SOURCES: self.sources_used,
            Counted.CLIPS: self.clips_used,
            Counted.HOURS: self.hours,
            Counted.TEXTS: self.texts,
        }
        for share in self.shares:
            counts[Counted(f"{share.subset.value}.sources")] = share.sources
            counts[Counted(f"{share.subset.value}.clips")] = share.clips
        return counts


@dataclass(frozen=True)
class Quantity:
    """Something that clips have a distribution of.

    Attributes:
        name, unit: in words.
        value: of a clip; ``None`` if it has none.
    """

    name: str
    unit: str
    value: Callable[[Ledger, ClipRow], float | None]


def measured(name: str, factor: float = 1.0) -> Callable[[Ledger, ClipRow], float | None]:
    """A measure of the score stage, times a factor."""

    def value(ledger: Ledger, clip: ClipRow) -> float | None:
        row = ledger.score.get(clip.clip_id)
        found = None if row is None else row.values.get(name)
        return None if found is None else float(found) * factor

    return value


QUANTITIES = (
    Quantity("Length", "s", lambda ledger, clip: float(ledger.seconds(clip))),
    Quantity("Loudness", "LUFS", measured("lufs")),
    Quantity("Sound minus picture, estimated", "ms", measured("av_offset", 1000)),
    Quantity("Share of silence", "", measured("silence_ratio")),
    Quantity("Motion", "levels", measured("motion")),
)


def stats(ledger: Ledger) -> Stats:
    """A preparation in numbers; a function of the rows alone."""
    words = [ledger.caption.get(clip.clip_id) for clip in ledger.used]
    texts = [row.text for row in words if row is not None and row.text]
    return Stats(
        sources=len(ledger.sources),
        sources_used=len(ledger.used_sources),
        clips=len(ledger.clips),
        clips_used=len(ledger.used),
        seconds=sum((ledger.seconds(clip) for clip in ledger.used), Fraction(0)),
        texts=len(set(texts)),
        uncaptioned=len(words) - len(texts),
        shares=tuple(_shares(ledger)),
        films_left_out=_tallies(fate for _, fate in ledger.lost),
        clips_left_out=_tallies(ledger.fates.values()),
        histograms=tuple(_histograms(ledger)),
    )


def histogram(quantity: Quantity, ledger: Ledger) -> Histogram | None:
    """The distribution of a quantity; ``None`` if no clip has it."""
    values = [(quantity.value(ledger, clip), clip.clip_id in ledger.fates) for clip in ledger.clips]
    there = [(value, out) for value, out in values if value is not None]
    if not there:
        return None
    edges = nice_edges(min(value for value, _ in there), max(value for value, _ in there))
    bars = Counter((_bar(edges, value), out) for value, out in there)
    used, left_out = (tuple(bars[index, out] for index in range(len(edges) - 1)) for out in (False, True))
    without = len(values) - len(there)
    return Histogram(name=quantity.name, unit=quantity.unit, edges=edges, used=used, left_out=left_out, without=without)


def nice_edges(low: float, high: float, bins: int = BINS) -> tuple[float, ...]:
    """Edges at multiples of 1, 2 or 5 times a power of ten that hold ``low`` to ``high`` in about ``bins`` bars."""
    raw = (high - low) / bins or max(abs(high), 1.0) / bins
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    count = max(math.ceil(high / step - first - 1e-9), 1)
    return tuple(float(f"{(first + index) * step:.12g}") for index in range(count + 1))


def _bar(edges: tuple[float, ...], value: float) -> int:
    """The bar that holds a value; what lies a rounding error below an edge is at it."""
    place = (value - edges[0]) / (edges[1] - edges[0])
    return min(max(int(place + 1e-9), 0), len(edges) - 2)


def _histograms(ledger: Ledger) -> Iterable[Histogram]:
    found = (histogram(quantity, ledger) for quantity in (*QUANTITIES, *_plugged(ledger)))
    return (one for one in found if one is not None)


def _plugged(ledger: Ledger) -> Iterable[Quantity]:
    """What plug-ins measured, which alone has names with a dot; every clip that was scored has the same names."""
    names = ledger.scores[0].values if ledger.scores else ()
    return (Quantity(name, "", measured(name)) for name in names if "." in name)


def _tallies(fates: Iterable[Fate]) -> tuple[Tally, ...]:
    counts = Counter((fate.stage, fate.reason) for fate in fates)
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0][0], item[0][1].value))
    return tuple(Tally(stage=stage, reason=reason, count=count) for (stage, reason), count in order)


def _shares(ledger: Ledger) -> Iterable[Share]:
    if ledger.subsets is None:
        return
    for subset in Subset:
        sources = [row for row in ledger.used_sources if ledger.subsets.get(row.source_id) is subset]
        clips = [clip for clip in ledger.used if ledger.subsets.get(clip.source_id) is subset]
        if sources or subset in (*ledger.asked, *ledger.subsets.values()):
            seconds = sum((ledger.seconds(clip) for clip in clips), Fraction(0))
            yield Share(subset=subset, sources=len(sources), clips=len(clips), seconds=seconds)

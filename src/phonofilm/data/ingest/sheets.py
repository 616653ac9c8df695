"""Contact sheets of clips for the report, and which clips get one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import numpy as np

from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.look import envelope, jpeg, pictures, sound
from phonofilm.data.ingest.rows import ClipRow, Natural, Positive, Row, SourceRow
from phonofilm.media.digest import sha256

T = TypeVar("T")


class Sheets(Row):
    """What contact sheets look like, and how many there are.

    Attributes:
        each: of the worst clips that are in, of clips that are left out, and of clips drawn at random from those in.
        pictures: in a strip.
        height: of each in pixels.
        columns: of the waveform.
    """

    each: Natural = 12
    pictures: Positive = 8
    height: Positive = 96
    columns: Positive = 480


@dataclass(frozen=True)
class Drawn:
    """A clip to be looked at.

    Attributes:
        place: of its film.
        row: what the scan found.
        clip: which.
    """

    place: Path
    row: SourceRow
    clip: ClipRow


@dataclass(frozen=True)
class Sheet:
    """A clip at a glance.

    Attributes:
        strip: its pictures side by side, as JPEG.
        size: (height, width) of the strip in pixels.
        low, high: least and greatest sample of each column of the waveform; empty without sound.
    """

    strip: bytes
    size: tuple[int, int]
    low: np.ndarray
    high: np.ndarray

    @property
    def peak(self) -> float:
        """The greatest sample, of full scale."""
        return float(max(np.abs(self.low).max(initial=0), np.abs(self.high).max(initial=0)))


def draw_sheet(settings: Sheets, drawn: Drawn) -> Sheet:
    """Look at a clip; a function that any process can import.

    Raises:
        MediaError: if the film is damaged or has no picture.
    """
    shown = pictures(drawn.place, drawn.row, drawn.clip.span, settings.pictures, settings.height)
    strip = np.concatenate(list(shown), axis=1)
    low, high = envelope(sound(drawn.place, drawn.row, drawn.clip.span), settings.columns)
    return Sheet(jpeg(strip), strip.shape[:2], low, high)


@dataclass(frozen=True)
class Fault:
    """A way in which a clip can be bad and still be in.

    Attributes:
        measure: of the score stage.
        says: what it says of a clip, with the value in ``{}``.
        least: below this it is no fault.
        signed: both directions are bad.
        sure: a measure that must be at least :data:`SURE` for the value to count; empty: it always counts.
    """

    measure: str
    says: str
    least: float
    signed: bool = False
    sure: str = ""

    def of(self, ledger: Ledger, clip: ClipRow) -> float | None:
        """The value of a clip that has this fault; ``None`` without it."""
        row = ledger.score.get(clip.clip_id)
        value = None if row is None else row.values.get(self.measure)
        if row is None or value is None or (abs(value) if self.signed else value) < self.least:
            return None
        sure = row.values.get(self.sure) if self.sure else 1.0
        return float(value) if sure is not None and sure >= SURE else None


SURE = 0.1
"""Below this confidence an estimate of the offset is chance."""
FAULTS = (
    Fault("av_offset", "sound {:+.2f} s from the picture, by a weak estimate", 0.05, signed=True, sure="av_confidence"),
    Fault("silence_ratio", "silent for {:.0%} of the time", 0.2),
    Fault("static_ratio", "still for {:.0%} of the time", 0.2),
    Fault("black_ratio", "black for {:.0%} of the time", 0.05),
    Fault("clipped", "{:.2%} of the samples at full scale", 0.0001),
    Fault("cuts", "hard cuts: {:.0f}", 1),
)
"""Their order is that in which clips are taken in turn."""


@dataclass(frozen=True)
class Chosen:
    """The clips that are shown.

    Attributes:
        worst: that are in, each with what is bad about it.
        left_out: some of each reason.
        sample: of those that are in, by hash.
    """

    worst: tuple[tuple[ClipRow, str], ...]
    left_out: tuple[ClipRow, ...]
    sample: tuple[ClipRow, ...]

    @property
    def clips(self) -> dict[str, ClipRow]:
        """All of them, by their names."""
        every = (*(clip for clip, _ in self.worst), *self.left_out, *self.sample)
        return {clip.clip_id: clip for clip in every}


def choose(ledger: Ledger, count: int) -> Chosen:
    """``count`` clips of each kind; the same for the same rows, in whatever order these come."""
    by_hash = sorted(ledger.used, key=lambda clip: sha256(clip.clip_id.encode()))
    groups = defaultdict(list)
    for clip in sorted(ledger.clips, key=lambda clip: sha256(clip.clip_id.encode())):
        fate = ledger.fates.get(clip.clip_id)
        if fate is not None:
            groups[fate.stage, fate.reason.value].append(clip)
    left_out = _in_turn([groups[key] for key in sorted(groups)])
    return Chosen(worst(ledger, count), tuple(left_out)[:count], tuple(by_hash[:count]))


def worst(ledger: Ledger, count: int) -> tuple[tuple[ClipRow, str], ...]:
    """The ``count`` worst clips that are in: the worst by each fault, then the second ones, each clip once."""
    found: dict[str, tuple[ClipRow, str]] = {}
    for clip, says in _in_turn([_faulty(ledger, fault, count) for fault in FAULTS]):
        found.setdefault(clip.clip_id, (clip, says))
    return tuple(found.values())[:count]


def _faulty(ledger: Ledger, fault: Fault, count: int) -> list[tuple[ClipRow, str]]:
    """The ``count`` worst clips that are in and have a fault, the worst first."""
    rated = ((fault.of(ledger, clip), clip) for clip in ledger.used)
    there = ((-abs(value), clip.clip_id, value, clip) for value, clip in rated if value is not None)
    return [(clip, fault.says.format(value)) for _, _, value, clip in nsmallest(count, there, key=itemgetter(0, 1))]


def _in_turn(lists: Sequence[Sequence[T]]) -> Iterable[T]:
    """The first of each list, then the second ones, and so on."""
    return (one for one in chain.from_iterable(zip_longest(*lists)) if one is not None)

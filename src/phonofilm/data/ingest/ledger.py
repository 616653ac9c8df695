"""All that the stages said of a folder of films, side by side, and what became of each clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from phonofilm.data.ingest.caption import CaptionRow
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ClipRow, ScoreRow, SourceRow, VerdictRow
from phonofilm.data.ingest.subsets import Subset

if TYPE_CHECKING:
    from phonofilm.data.packed.rows import Member, PackedClip

SPLITS = "splits"
"""The division into subsets."""
STAGES = ("scan", "split", "score", "filter", "caption", SPLITS, "cut")
"""In their order."""
Judged = TypeVar("Judged", ScoreRow, VerdictRow, CaptionRow)


@dataclass(frozen=True)
class Fate:
    """Why something is not in the data set.

    Attributes:
        stage: that left it out.
        reason: class of the reason.
        message: the same in a sentence.
    """

    stage: str
    reason: Reason
    message: str


def fate_of(stage: str, row: SourceRow | ClipRow | VerdictRow | CaptionRow) -> Fate | None:
    """What a row of a stage means for what it is of; ``None`` if that is in."""
    return None if row.reason is None else Fate(stage, row.reason, row.message)


@dataclass(frozen=True)
class Ledger:
    """The rows of all stages; those that did not run yet have none.

    Attributes:
        sources: of the scan: every file.
        clips: of the split: every window, also those that are left out.
        scores, verdicts, captions: of the clips that reached these stages.
        failures: files that a later stage could not work on, by stage and source id.
        subsets: of the films, by source id; films that it lacks are left out. ``None``: not divided yet.
        asked: the subsets that are to have films.
        cut: what came of each clip that was cut.
        packed: where each clip that was packed lies.
    """

    sources: tuple[SourceRow, ...]
    clips: tuple[ClipRow, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    verdicts: tuple[VerdictRow, ...] = ()
    captions: tuple[CaptionRow, ...] = ()
    failures: Mapping[tuple[str, str], Fate] = field(default_factory=dict)
    subsets: Mapping[str, Subset] | None = None
    asked: tuple[Subset, ...] = ()
    cut: Mapping[str, PackedClip] = field(default_factory=dict)
    packed: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)

    @cached_property
    def source(self) -> Mapping[str, SourceRow]:
        """The film of each source id; of films with the same bytes the one that is used."""
        named = {row.source_id: row for row in self.sources if row.reason is not None}
        return named | {row.source_id: row for row in self.sources if row.reason is None}

    @cached_property
    def score(self) -> Mapping[str, ScoreRow]:
        """What was measured, by clip."""
        return _by_clip(self.scores)

    @cached_property
    def verdict(self) -> Mapping[str, VerdictRow]:
        """What the rules said, by clip."""
        return _by_clip(self.verdicts)

    @cached_property
    def caption(self) -> Mapping[str, CaptionRow]:
        """Its words, by clip."""
        return _by_clip(self.captions)

    @cached_property
    def fates(self) -> Mapping[str, Fate]:
        """What became of each clip that is left out."""
        found = ((clip, next(self._fates(clip), None)) for clip in self.clips)
        return {clip.clip_id: fate for clip, fate in found if fate is not None}

    @cached_property
    def used(self) -> tuple[ClipRow, ...]:
        """The clips that are in."""
        return tuple(clip for clip in self.clips if clip.clip_id not in self.fates)

    @property
    def used_by_film(self) -> dict[str, tuple[ClipRow, ...]]:
        """The same by source id, films in the order of their first clips."""
        found: dict[str, list[ClipRow]] = {}
        for clip in self.used:
            found.setdefault(clip.source_id, []).append(clip)
        return {source: tuple(clips) for source, clips in found.items()}

    @property
    def bare_subsets(self) -> tuple[Subset, ...]:
        """The subsets that are to have films and have no clip that is in."""
        there = {(self.subsets or {}).get(clip.source_id) for clip in self.used}
        return tuple(subset for subset in self.asked if subset not in there)

    @cached_property
    def lost(self) -> tuple[tuple[SourceRow, Fate], ...]:
        """The films that are left out as a whole, before any clip of theirs was judged."""
        found = ((row, self._lost(row)) for row in self.sources)
        return tuple((row, fate) for row, fate in found if fate is not None)

    @cached_property
    def used_sources(self) -> tuple[SourceRow, ...]:
        """The films with a clip that is in; before there are clips, those that the scan kept."""
        lost = {row.path for row, _ in self.lost}
        kept = tuple(row for row in self.sources if row.path not in lost)
        if not self.clips:
            return kept
        giving = {clip.source_id for clip in self.used}
        return tuple(row for row in kept if row.source_id in giving)

    @cached_property
    def bare(self) -> tuple[SourceRow, ...]:
        """The films that were split and have no clip that is in, though they are not left out as a whole."""
        apart = {row.path for row in (*self.used_sources, *(row for row, _ in self.lost))}
        return tuple(row for row in self.sources if row.path not in apart)

    def seconds(self, clip: ClipRow) -> Fraction:
        """For how long a clip's picture is shown; its sound lasts as long where it has no picture."""
        row = self.source[clip.source_id]
        if row.video is not None:
            return (clip.span.end_pts - clip.span.first_pts) * row.video.time_base
        return Fraction(clip.span.samples, row.audio.sample_rate) if row.audio else Fraction(0)

    def _lost(self, row: SourceRow) -> Fate | None:
        return fate_of("scan", row) or self._failed.get(row.source_id)

    @cached_property
    def _failed(self) -> Mapping[str, Fate]:
        """By source, what its first stage that failed says."""
        order = sorted(self.failures.items(), key=lambda item: STAGES.index(item[0][0]), reverse=True)
        return {source: fate for (_, source), fate in order}

    def _fates(self, clip: ClipRow) -> Iterator[Fate]:
        """Every stage that left it out, in the order of the stages."""
        name, source = clip.clip_id, clip.source_id
        judged = {"split": clip, "filter": self.verdict.get(name), "caption": self.caption.get(name)}
        for stage in STAGES:
            row = judged.get(stage)
            fate = row and fate_of(stage, row)
            if fate is not None:
                yield fate
            if (stage, source) in self.failures:
                yield self.failures[stage, source]
        if self.subsets is not None and source not in self.subsets:
            yield Fate(SPLITS, Reason.UNLISTED, "no list of the recipe names its film")


def _by_clip(rows: Iterable[Judged]) -> dict[str, Judged]:
    return {row.clip_id: row for row in rows}

"""The folder of a preparation: what was asked for (``plan.json``), and beside it what the stages found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from phonofilm.data.ingest.caption import Caption, CaptionRow, captioning, job_name, texts
from phonofilm.data.ingest.cutting import CutRow, Kept, cutting, sample
from phonofilm.data.ingest.filter import verdict
from phonofilm.data.ingest.ledger import Fate, Ledger
from phonofilm.data.ingest.plan import Plan
from phonofilm.data.ingest.rows import ClipRow, Failure, ScoreRow, SourceRow, VerdictRow
from phonofilm.data.ingest.scan import (
    Film,
    Scan,
    copies_of,
    deleted,
    films,
    gone,
    other_films,
    row_of,
    scanning,
    unscanned,
    without_duplicates,
)
from phonofilm.data.ingest.score import SplitSource, scoring
from phonofilm.data.ingest.split import Scanned, splitting
from phonofilm.data.ingest.stage import Parts, RowT, Shard, Stage
from phonofilm.data.ingest.subsets import asked, assign
from phonofilm.data.ingest.words import Uncaptioned
from phonofilm.data.packed.shards import Sample, shard_order
from phonofilm.errors import MediaError
from phonofilm.media.atomic import make_folder, write_atomically

PLAN = "plan.json"
OWN = (PLAN, "scan-*")
"""What a work folder has one of, if anything is in it."""
ANSWERS = "answers"
"""Folder of what models said about clips."""
ALL = Shard()


@dataclass(frozen=True)
class Workspace:
    """A work folder.

    Attributes:
        folder: of plan, parts and journals.
        plan: what is in ``plan.json``.
        share: of the films; the others are as if they were not there.
    """

    folder: Path
    plan: Plan
    share: Shard = ALL

    @classmethod
    def begin(cls, folder: Path, films: Path, settings: Scan) -> Workspace:
        """A new one, or one that is there, for the same films, in the same place or moved.

        Raises:
            MediaError: if the folder cannot be made, is of other films, or its plan is damaged.
        """
        place = str(films.resolve())
        plan = cls.open(folder).plan if (folder / PLAN).exists() else Plan(films=place)
        if other_films(films, Path(plan.films)):
            raise MediaError(
                f"{folder} is of the films in {plan.films}: choose another work folder, or delete this one"
            )
        return cls(folder, plan).with_plan(films=place, scan=settings)

    @classmethod
    def open(cls, folder: Path) -> Workspace:
        """One that is there.

        Raises:
            MediaError: if it is none, or its plan is damaged.
        """
        path = folder / PLAN
        try:
            return cls(folder, Plan.model_validate_json(path.read_bytes()))
        except OSError as error:
            raise MediaError(
                f"{folder} is no work folder: make one with phonofilm prepare scan FILMS -o {folder}"
            ) from error
        except ValidationError as error:
            raise MediaError(f"{path} is damaged: delete it and run phonofilm prepare scan again") from error

    def with_plan(self, **changes: object) -> Workspace:
        """The same folder with another plan, which is written."""
        plan = self.plan.model_copy(update=changes)
        make_folder(self.folder)
        write_atomically(self.folder / PLAN, (plan.model_dump_json(indent=1) + "\n").encode(), force=True)
        return replace(self, plan=plan)

    def parts(self, stage: Stage[RowT]) -> Parts[RowT]:
        """What a stage has made here."""
        return Parts(self.folder, stage, self.share)

    @property
    def films(self) -> Path:
        """Folder of the films."""
        return Path(self.plan.films)

    @cached_property
    def scanning(self) -> Stage[SourceRow]:
        """The first stage of the plan."""
        return scanning(self.plan.scan)

    @cached_property
    def splitting(self) -> Stage[ClipRow]:
        """The stage of the plan.

        Raises:
            MediaError: if the plan has none.
        """
        return splitting(self._asked(self.plan.split, "split"), self.scanning.key)

    @cached_property
    def scoring(self) -> Stage[ScoreRow]:
        """See :attr:`splitting`."""
        return scoring(self._asked(self.plan.score, "score"), self.splitting.key)

    @cached_property
    def captioning(self) -> Stage[CaptionRow]:
        """See :attr:`splitting`; which clips it is about, its jobs' names tell."""
        return captioning(self._asked(self.plan.caption, "caption"), self.splitting.key)

    @cached_property
    def cutting(self) -> Stage[CutRow]:
        """See :attr:`splitting`; which clips are cut, its jobs' names tell."""
        return cutting(self._asked(self.plan.pack, "pack"), self.splitting.key)

    def to_scan(self) -> dict[str, Film]:
        """The films by the names of the jobs that scan them."""
        return {film.job: film for film in films(self.films) if film.size in self.share}

    def check_gone(self) -> None:
        """Object to going on without films that were there before.

        Raises:
            MediaError: if some are gone.
        """
        if lost := sorted(self._gone(self.to_scan()).values()):
            raise deleted(lost, self.films, self.folder, self.plan.scan)

    def forget_gone(self) -> None:
        """Take films that are not there any more for never scanned."""
        self.parts(self.scanning).forget(self._gone(self.to_scan()))

    @cached_property
    def sources(self) -> tuple[SourceRow, ...]:
        """Every film of the share, in the order of the paths; of two with the same bytes the second is left out.

        Raises:
            MediaError: if one was not scanned yet, is another now, or is gone.
        """
        parts, jobs = self.parts(self.scanning), self.to_scan()
        new, lost = [jobs[job].path for job in parts.unknown(jobs)], sorted(self._gone(jobs).values())
        if new or lost:
            raise unscanned(new, lost, self.films, self.folder, self.plan.scan)
        return without_duplicates([row_of(film, parts.result(job)) for job, film in jobs.items()])

    @cached_property
    def used(self) -> Mapping[str, SourceRow]:
        """The films that the scan kept, by their ids, which name the jobs of the following stages too."""
        return {row.source_id: row for row in self.sources if row.reason is None}

    def to_split(self) -> dict[str, Scanned]:
        """The films that are split."""
        return {name: Scanned(self.films / row.path, row) for name, row in self.used.items()}

    def to_score(self) -> dict[str, SplitSource]:
        """The films that were split, with the clips that are measured."""
        return {
            name: SplitSource(self.films / row.path, row, tuple(clip for clip in clips if clip.reason is None))
            for name, row, clips in self._split()
        }

    def to_caption(self) -> dict[str, Uncaptioned]:
        """The films with clips that want words: those that no stage before left out."""
        copies = copies_of(self.sources)
        jobs = (
            Uncaptioned(self.films, self.used[source], clips, self.folder / ANSWERS, copies.get(source, ()))
            for source, clips in self.ledger(captions=False).used_by_film.items()
        )
        settings = self.captioning.settings
        assert isinstance(settings, Caption)
        return {job_name(settings, job): job for job in jobs}

    def to_cut(self, ledger: Ledger) -> dict[str, Kept]:
        """The films with clips that are in; those of one film and choice lie in a folder of their own."""
        folder = self.parts(self.cutting).folder
        films = (
            Kept(self.films / self.used[source].path, self.used[source], clips, folder)
            for source, clips in ledger.used_by_film.items()
        )
        return {film.job: replace(film, folder=folder / film.job) for film in films}

    def after_cutting(self, ledger: Ledger) -> Ledger:
        """The same, and what came of cutting; of films that were not cut yet, nothing is known."""
        jobs, parts = self.to_cut(ledger), self.parts(self.cutting)
        tried = jobs.keys() - set(parts.missing(jobs))
        failed = {
            (stage, jobs[job].row.source_id): fate
            for (stage, job), fate in _failures(parts, (job for job in jobs if job in tried))
        }
        rows = self.cut_rows(film for job, film in jobs.items() if job in tried)
        cut = {row.clip.clip_id: row.clip for _, row in rows}
        return replace(ledger, failures={**ledger.failures, **failed}, cut=cut)

    def cut_rows(self, films: Iterable[Kept]) -> Iterator[tuple[Kept, CutRow]]:
        """The clips that were cut of films, those left out that could not be cut.

        Raises:
            MediaError: if one was not cut yet.
        """
        parts = self.parts(self.cutting)
        return ((film, row) for film in films for row in parts.rows([film.job]))

    def samples(self, ledger: Ledger) -> Iterator[Sample]:
        """The clips that were cut, in the order of the shards.

        Args:
            ledger: before cutting; a film that could not be cut gives no samples.

        Raises:
            MediaError: if one was not cut yet.
        """
        captions, subsets = texts(ledger.captions), ledger.subsets or {}
        cut = self.cut_rows(self.to_cut(ledger).values())
        for film, row in sorted(cut, key=lambda one: shard_order(one[1].clip.clip_id)):
            subset = subsets.get(row.clip.source_id)
            yield sample(row, film, subset.value if subset else "", captions)

    def ledger(self, *, scores: bool = True, captions: bool = True) -> Ledger:
        """All that the stages of the plan said.

        Args:
            scores: of the measures and rules too.
            captions: of the words too.

        Raises:
            MediaError: if a stage of the plan has not done all films.
        """
        if self.plan.split is None:
            return Ledger(self.sources)
        failures = dict(_failures(self.parts(self.splitting), self.used))
        clips = tuple(clip for _, _, rows in self._split() for clip in rows)
        measured: tuple[ScoreRow, ...] = ()
        verdicts: tuple[VerdictRow, ...] = ()
        if scores and self.plan.score is not None:
            names = [name for name, *_ in self._split()]
            measured = tuple(self.parts(self.scoring).rows(names))
            failures |= dict(_failures(self.parts(self.scoring), names))
            rules = self.plan.filter
            verdicts = tuple(verdict(rules, row) for row in measured) if rules else ()
        found = Ledger(self.sources, clips, measured, verdicts, failures=failures)
        if scores and self.plan.splits is not None:
            subsets = assign(self.plan.splits, self.films, self.used.values())
            found = replace(found, subsets=subsets, asked=asked(self.plan.splits))
        if not captions or self.plan.caption is None:
            return found
        return self._captioned(found)

    def _captioned(self, found: Ledger) -> Ledger:
        jobs = self.to_caption()
        parts = self.parts(self.captioning)
        words = tuple(parts.rows(jobs))
        failures = {(stage, jobs[job].row.source_id): fate for (stage, job), fate in _failures(parts, jobs)}
        return replace(found, captions=words, failures={**found.failures, **failures})

    def _gone(self, jobs: Iterable[str]) -> dict[str, str]:
        """See :func:`phonofilm.data.ingest.scan.gone`; a share does not look through what all others scanned."""
        return gone(self.films, self.parts(self.scanning), jobs) if self.share.is_all else {}

    def _split(self) -> list[tuple[str, SourceRow, list[ClipRow]]]:
        """The films that could be split, with all their clips."""
        parts = self.parts(self.splitting)
        results = ((name, row, parts.result(name)) for name, row in self.used.items())
        return [(name, row, result) for name, row, result in results if not isinstance(result, Failure)]

    def _asked(self, settings: Any, verb: str) -> Any:
        if settings is None:
            raise MediaError(f"{self.folder} has no {verb} yet: run phonofilm prepare {verb} {self.folder}")
        return settings


def _failures(parts: Parts[Any], jobs: Iterable[str]) -> Iterator[tuple[tuple[str, str], Fate]]:
    """Stage and job of those that failed, and what became of them."""
    name = parts.stage.name
    return (((name, job), Fate(name, one.reason, one.message)) for job, one in parts.failures(jobs))

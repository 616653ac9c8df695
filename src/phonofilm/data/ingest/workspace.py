"""The folder of a preparation: what was asked for (``plan.json``), and beside it what the stages found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ClipRow, Failure, Row, SourceRow
from phonofilm.data.ingest.scan import Film, Scan, films, scanning
from phonofilm.data.ingest.split import Scanned, Split, splitting
from phonofilm.data.ingest.stage import Parts, RowT, Shard, Stage
from phonofilm.errors import MediaError
from phonofilm.media.atomic import make_folder, write_atomically

PLAN = "plan.json"


class Plan(Row):
    """What was asked for.

    Attributes:
        films: folder of the films.
        scan, split: settings of the stages; ``None``: not asked for yet.
    """

    films: str
    scan: Scan = Scan()
    split: Split | None = None


@dataclass(frozen=True)
class Workspace:
    """A work folder.

    Attributes:
        folder: of plan, parts and journals.
        plan: what is in ``plan.json``.
    """

    folder: Path
    plan: Plan

    @classmethod
    def begin(cls, folder: Path, films: Path, settings: Scan) -> Workspace:
        """A new one, or one that is there, for the same films or others.

        Raises:
            MediaError: if the folder cannot be made, or its plan is damaged.
        """
        place = str(films.resolve())
        plan = cls.open(folder).plan if (folder / PLAN).exists() else Plan(films=place)
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
            raise MediaError(f"{path} is damaged: run phonofilm prepare scan FILMS -o {folder} again") from error

    def with_plan(self, **changes: object) -> Workspace:
        """The same folder with another plan, which is written."""
        plan = self.plan.model_copy(update=changes)
        make_folder(self.folder)
        write_atomically(self.folder / PLAN, (plan.model_dump_json(indent=1) + "\n").encode(), force=True)
        return Workspace(self.folder, plan)

    def parts(self, stage: Stage[RowT], shard: Shard | None = None) -> Parts[RowT]:
        """What a stage has made here."""
        return Parts(self.folder, stage, shard)

    @cached_property
    def scanning(self) -> Stage[SourceRow]:
        """The stage of the plan."""
        return scanning(self.plan.scan)

    @cached_property
    def splitting(self) -> Stage[ClipRow]:
        """The stage of the plan.

        Raises:
            MediaError: if the plan has none.
        """
        if self.plan.split is None:
            raise MediaError(f"{self.folder} is not split yet: run phonofilm prepare split {self.folder}")
        return splitting(self.plan.split, self.scanning.key)

    def films(self) -> dict[str, Film]:
        """The films by their jobs' names."""
        return {film.job: film for film in films(Path(self.plan.films))}

    def sources(self) -> list[SourceRow]:
        """Every film, in the order of the paths; the second of two with the same bytes is left out.

        Raises:
            MediaError: if one was not scanned yet.
        """
        parts = self.parts(self.scanning)
        rows = [_source(film, parts.result(job)) for job, film in self.films().items()]
        return _without_duplicates(rows)

    def scanned(self) -> dict[str, Scanned]:
        """The films that are used, by the names of the jobs that split them."""
        used = [row for row in self.sources() if row.reason is None]
        return {row.source_id: Scanned(Path(self.plan.films) / row.path, row) for row in used}

    def clips(self) -> dict[str, list[ClipRow] | Failure]:
        """The clips of each source that is used, or why it has none.

        Raises:
            MediaError: if one was not split yet.
        """
        parts = self.parts(self.splitting)
        return {source: parts.result(source) for source in self.scanned()}


def _source(film: Film, result: Sequence[SourceRow] | Failure) -> SourceRow:
    if isinstance(result, Failure):
        return SourceRow(path=film.path, size=film.place.stat().st_size, reason=result.reason, message=result.message)
    (row,) = result
    return row


def _without_duplicates(rows: Sequence[SourceRow]) -> list[SourceRow]:
    first: dict[str, str] = {}
    kept = []
    for row in rows:
        earlier = first.setdefault(row.sha256, row.path) if row.reason is None else row.path
        if earlier != row.path:
            row = row.model_copy(update={"reason": Reason.DUPLICATE, "message": f"the same bytes as {earlier}"})
        kept.append(row)
    return kept

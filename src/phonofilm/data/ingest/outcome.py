"""What became of the films and clips of a work folder, cutting and packing included, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from phonofilm.data.ingest.counting import counted
from phonofilm.data.ingest.cutting import Kept
from phonofilm.data.ingest.engine import Engine
from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.ownership import own
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.recipe import expected
from phonofilm.data.ingest.report import Report, report
from phonofilm.data.ingest.stage import UnfinishedError
from phonofilm.data.ingest.stats import stats
from phonofilm.data.ingest.subsets import absent
from phonofilm.data.ingest.workspace import Workspace
from phonofilm.data.packed.folder import Packed
from phonofilm.data.packed.rows import FILM


def outcome(space: Workspace) -> Ledger:
    """All that the stages of the plan said; cutting as far as it went.

    Raises:
        MediaError: if a stage before cutting has not done all films.
    """
    ledger = space.ledger()
    return ledger if space.plan.pack is None else space.after_cutting(ledger)


def kept(space: Workspace) -> list[Kept]:
    """The films whose clips were cut; those that could not be cut are left out.

    Raises:
        MediaError: if a stage of the plan has not done all films.
    """
    ledger = space.ledger()
    lost = {source for stage, source in space.after_cutting(ledger).failures if stage == space.cutting.name}
    return [film for film in space.to_cut(ledger).values() if film.row.source_id not in lost]


def differing(space: Workspace, films: Iterable[Kept], packed: Packed) -> list[str]:
    """Names of the clips that a packed folder lacks, has beyond those that were cut of these films, or has otherwise.

    Raises:
        MediaError: if a film was not cut yet.
    """
    cut = {row.clip.clip_id: row.sha256 for _, row in space.cut_rows(films)}
    found = {entry.clip_id: entry.wanted(FILM).member.sha256 for entry in packed.entries()}
    judged = cut.keys() | found.keys() if space.share.is_all else cut.keys()
    return sorted(name for name in judged if found.get(name) != cut.get(name))


def so_far(space: Workspace) -> tuple[Ledger, list[str]]:
    """What the stages said until the first that has not run to its end, and a sentence on that one, if there is one.

    Raises:
        MediaError: if the scan has not done all films, or a stage's rows are damaged.
    """
    if space.plan.split is None:
        return Ledger(space.sources), [f"split has not run: run phonofilm prepare split {space.folder}"]
    lacking: list[str] = []
    for view in (outcome, _but_captions, _but_scores):
        try:
            return view(space), lacking
        except UnfinishedError as error:
            lacking = lacking or [str(error)]
    return Ledger(space.sources), lacking


def _but_captions(space: Workspace) -> Ledger:
    return space.ledger(captions=False)


def _but_scores(space: Workspace) -> Ledger:
    return space.ledger(scores=False, captions=False)


def with_places(ledger: Ledger, work: Path) -> Ledger:
    """The same, and where each clip lies in the packed folders that are as this work folder made them."""
    found: dict = {}
    for folder in own(work):
        for entry in Packed(folder).entries():
            members = (one.model_copy(update={"file": str(folder / one.file)}) for one in entry.members)
            found[entry.clip_id] = (*found.get(entry.clip_id, ()), *members)
    return replace(ledger, packed=found)


def draw(
    space: Workspace, ledger: Ledger, folder: Path, engine: Engine, limits: Limits, lacking: Sequence[str] = ()
) -> tuple[Path, list[str]]:
    """Draw the page of a work folder.

    Args:
        space, ledger: of the work folder.
        folder: of the page.
        engine, limits: see :func:`phonofilm.data.ingest.report.report`.
        lacking: sentences on stages that have not run; their clips cannot be held against a recipe.

    Returns:
        Where it is, and these sentences, or what is not as the recipe wants it that the plan follows, a sentence each.

    Raises:
        MediaError: if it cannot be written.
    """
    recipe, problems = space.plan.followed, list(lacking) or _problems(space, ledger)
    settings = Report() if recipe is None else Report(title=recipe.name)
    return report(ledger, space.films, folder, engine, limits, settings, problems), problems


def _problems(space: Workspace, ledger: Ledger) -> list[str]:
    recipe = space.plan.followed
    if recipe is None:
        return []
    lacking = absent(recipe.splits, space.films, ledger.sources)
    problems = expected(recipe, stats(ledger).counts)
    if lacking:
        problems += [f"the lists name {counted(len(lacking), 'film')} more than there are, for example {lacking[0]}"]
    return problems

"""What became of the films and clips of a work folder, cutting and packing included, and the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from phonofilm.data.ingest.engine import Engine
from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.ownership import own
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.recipe import expected
from phonofilm.data.ingest.report import Report, report
from phonofilm.data.ingest.stats import stats
from phonofilm.data.ingest.subsets import absent
from phonofilm.data.ingest.workspace import Workspace
from phonofilm.data.packed.folder import Packed


def outcome(space: Workspace) -> Ledger:
    """All that the stages of the plan said; cutting as far as it went.

    Raises:
        MediaError: if a stage before cutting has not done all films.
    """
    ledger = space.ledger()
    return ledger if space.plan.pack is None else space.after_cutting(ledger)


def with_places(ledger: Ledger, work: Path) -> Ledger:
    """The same, and where each clip lies in the packed folders that are as this work folder made them."""
    found: dict = {}
    for folder in own(work):
        for entry in Packed(folder).entries():
            members = (one.model_copy(update={"file": str(folder / one.file)}) for one in entry.members)
            found[entry.clip_id] = (*found.get(entry.clip_id, ()), *members)
    return replace(ledger, packed=found)


def draw(space: Workspace, ledger: Ledger, folder: Path, engine: Engine, limits: Limits) -> tuple[Path, list[str]]:
    """Draw the page of a work folder.

    Returns:
        Where it is, and what is not as the recipe wants it that the plan follows, a sentence each.

    Raises:
        MediaError: if it cannot be written.
    """
    recipe, problems = space.plan.followed, _problems(space, ledger)
    settings = Report() if recipe is None else Report(title=recipe.name)
    return report(ledger, space.films, folder, engine, limits, settings, problems), problems


def _problems(space: Workspace, ledger: Ledger) -> list[str]:
    recipe = space.plan.followed
    if recipe is None:
        return []
    lacking = absent(recipe.splits, space.films, ledger.sources)
    some = [f"{len(lacking)} films that the lists name are not there, for example {lacking[0]}"] if lacking else []
    return [*expected(recipe, stats(ledger).counts), *some]

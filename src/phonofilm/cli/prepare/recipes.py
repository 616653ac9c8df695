"""``phonofilm prepare run`` and ``recipes``: all stages of a preparation with one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.prepare.running import (
    MaxBad,
    MemoryLimit,
    Retry,
    Running,
    ShardOf,
    TimeLimit,
    Workers,
    account,
    limits,
    pool,
)
from phonofilm.cli.prepare.storing import encode, packed

if TYPE_CHECKING:
    from phonofilm.data.ingest.recipe import Recipe
    from phonofilm.data.ingest.workspace import Workspace


def recipes() -> None:
    """List the recipes that ship: what comes out, and what has to lie in the folder.

    Example: phonofilm prepare recipes
    """
    from phonofilm.data.ingest.recipe import catalogue, read_recipe

    for name in catalogue():
        recipe = read_recipe(name)
        typer.echo(f"{name}\n  {recipe.description.strip()}")
        for title, text in (("paper", recipe.paper), ("films", recipe.films), ("licence", recipe.licence)):
            typer.echo(f"  {title}: {text.strip()}")


def run(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A name from phonofilm prepare recipes, or a .yaml.")],
    films: Annotated[Path, typer.Argument(metavar="FILMS", help="Folder of films.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of shards and index.")],
    work: Annotated[Path | None, typer.Option(help="Work folder (OUTPUT.work).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a packed folder.")] = False,
    workers: Workers = 0,
    shard: ShardOf = "0/1",
    retry: Retry = False,
    time_limit: TimeLimit = 14400,
    memory_limit: MemoryLimit = 4,
    max_bad: MaxBad = 0.05,
) -> None:
    """Prepare a folder of films by a recipe, from the scan to shards and a report; run it again to continue.

    At the end the counts are held against those that the recipe should give, and differences are said.

    Examples:
    phonofilm prepare run concerts-around-the-globe ~/concerts -o packed/

    phonofilm prepare run my.yaml films/ -o packed/ --shard 3/16
    """
    from phonofilm.data.ingest.recipe import read_recipe
    from phonofilm.data.ingest.workspace import PLAN, Workspace

    told = read_recipe(recipe)
    running = Running(workers, shard, retry, time_limit, memory_limit)
    place = work or output.with_name(f"{output.name}.work")
    force = force or (place / PLAN).exists()  # the packed folder is then ours
    space = Workspace.begin(place, films, told.scan).with_plan(
        split=told.split,
        score=told.score,
        filter=told.filter,
        caption=told.caption,
        splits=told.splits,
        pack=told.pack,
    )
    if not _stages(space, running) or not packed(space, running, output, force=force, max_bad=1.0):
        return
    if told.encode is not None:
        encode(output, model=told.encode.model, leave_short=True)
    _conclude(told, space, running, max_bad)


def _stages(space: Workspace, running: Running) -> bool:
    """All up to the captions; whether all of it is there."""
    return (
        running("scanning", space, space.scanning, space.to_scan())
        and running("splitting", space, space.splitting, space.to_split())
        and running("measuring", space, space.scoring, space.to_score())
        and running("captioning", space, space.captioning, space.to_caption())
    )


def _conclude(recipe: Recipe, space: Workspace, running: Running, max_bad: float) -> None:
    """Say what is not as the recipe wants it, and draw the page that shows all."""
    from phonofilm.data.ingest.recipe import expected
    from phonofilm.data.ingest.report import Report, report
    from phonofilm.data.ingest.stats import stats
    from phonofilm.data.ingest.subsets import absent

    ledger = space.after_cutting(space.ledger())
    problems = expected(recipe, stats(ledger).counts)
    lacking = absent(recipe.splits, space.films, ledger.sources)
    if lacking:
        problems.append(f"{len(lacking)} films that the lists name are not there, for example {lacking[0]}")
    for problem in problems:
        typer.echo(f"phonofilm: warning: {problem}", err=True)
    settings = Report(title=recipe.name)
    few = limits(min(running.time_limit, 120), running.memory_limit)
    typer.echo(report(ledger, space.films, space.folder, pool(running.workers), few, settings, problems))
    account(space, ledger, max_bad)

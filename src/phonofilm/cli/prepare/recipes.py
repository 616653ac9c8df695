"""``phonofilm prepare run`` and ``recipes``: all stages of a preparation with one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.prepare.running import MaxBad, Running, account, running, tell_others, warn
from phonofilm.cli.prepare.stages import captioned
from phonofilm.cli.prepare.storing import encode, packed, replaces
from phonofilm.cli.sharing import given_by

if TYPE_CHECKING:
    from phonofilm.data.ingest.workspace import Workspace


def recipes(
    show: Annotated[
        str | None, typer.Option("--show", metavar="NAME", help="Print that recipe, to begin one of your own with.")
    ] = None,
) -> None:
    """List the recipes that ship: what comes out, and what has to lie in the folder.

    Examples:
    phonofilm prepare recipes

    phonofilm prepare recipes --show landscape > my.yaml
    """
    from phonofilm.data.ingest.recipe import catalogue, read_recipe, shipped

    if show is not None:
        typer.echo(shipped(show).read_text(encoding="utf-8"), nl=False)
        return
    for name in catalogue():
        recipe = read_recipe(name)
        typer.echo(f"{name}\n  {recipe.description.strip()}")
        for title, text in (("paper", recipe.paper), ("films", recipe.films), ("licence", recipe.licence)):
            typer.echo(f"  {title}: {text.strip()}")


@given_by(running, time_limit=14400)
def run(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A name from phonofilm prepare recipes, or a .yaml.")],
    films: Annotated[Path, typer.Argument(metavar="FILMS", help="Folder of films.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of shards and index.")],
    work: Annotated[Path | None, typer.Option(help="Work folder (OUTPUT.work).")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a packed folder, and go on without films that are gone.")
    ] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Prepare a folder of films by a recipe, from the scan to shards and a report; run it again to continue.

    At the end the counts are held against those that the recipe should give, and differences are said.

    Examples:
    phonofilm prepare run concerts-around-the-globe ~/concerts -o packed/

    phonofilm prepare run my.yaml films/ -o packed/ --shard 3/16
    """
    from phonofilm.data.ingest.plan import Plan, settings_of
    from phonofilm.data.ingest.recipe import read_recipe

    told = read_recipe(recipe)
    for licence in told.score.licences:
        typer.echo(licence)
    place = work or output.with_name(f"{output.name}.work")
    settings = settings_of(told)
    replace_it = replaces(place, output, Plan(films=str(films), **settings), force=force)
    space = running.begin(place, films, told.scan)
    told.caption.check(films)
    if not force:
        space.check_gone()
    space = space.with_plan(recipe=told, **settings)
    running("scanning", space, space.scanning, space.to_scan())
    space.forget_gone()
    tell_others(films)
    running("splitting", space, space.splitting, space.to_split())
    running("measuring", space, space.scoring, space.to_score())
    captioned(space, running)
    if not packed(space, running, output, force=replace_it, max_bad=1.0):
        return
    if told.encode is not None:
        encode(output, model=told.encode.model, leave_short=True)
    _conclude(space, running, max_bad)


def _conclude(space: Workspace, running: Running, max_bad: float) -> None:
    """Draw the page that shows all, and say what is not as the recipe wants it."""
    from phonofilm.data.ingest.outcome import draw, outcome

    ledger = outcome(space)
    engine, limits = running.engines.engine(space.films, space.folder), running.engines.limits
    few = replace(limits, seconds=min(limits.seconds, 120))
    path, problems = draw(space, ledger, space.folder, engine, few)
    warn(problems)
    typer.echo(path)
    account(space, ledger, max_bad)

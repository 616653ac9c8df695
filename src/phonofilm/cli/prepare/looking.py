"""``phonofilm prepare stats``, ``explain`` and ``report``: what became of the films and clips of a work folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.prepare.running import Engines, engines
from phonofilm.cli.prepare.stages import Work
from phonofilm.cli.sharing import given_by


def stats(
    work: Work,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the numbers as JSON.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace that file.")] = False,
) -> None:
    """Count films, clips and hours: what is used, what is left out and why.

    Example: phonofilm prepare stats work/ -o stats.json
    """
    from phonofilm.data.ingest.outcome import outcome
    from phonofilm.data.ingest.stats import stats as count
    from phonofilm.data.ingest.workspace import Workspace
    from phonofilm.media.atomic import write_atomically

    numbers = count(outcome(Workspace.open(work)))
    typer.echo(f"films   {numbers.sources_used} used of {numbers.sources}")
    for tally in numbers.films_left_out:
        typer.echo(f"        {tally.count} left out at {tally.stage}: {tally.reason.value}")
    if bare := numbers.sources - numbers.sources_used - sum(tally.count for tally in numbers.films_left_out):
        typer.echo(f"        {bare} without a clip that is used")
    typer.echo(f"clips   {numbers.clips_used} used of {numbers.clips}")
    for tally in numbers.clips_left_out:
        typer.echo(f"        {tally.count} left out at {tally.stage}: {tally.reason.value}")
    typer.echo(f"hours   {float(numbers.hours):.3f}")
    typer.echo(f"words   {numbers.texts} different captions; {numbers.uncaptioned} clips without one")
    for share in numbers.shares:
        typer.echo(f"{share.subset.value:<11} {share.sources} films, {share.clips} clips")
    if output is not None:
        typer.echo(write_atomically(output, (numbers.model_dump_json(indent=1) + "\n").encode(), force=force))


def explain(
    work: Work,
    name: Annotated[str, typer.Argument(metavar="CLIP", help="A clip's name or its beginning, or a film's path.")],
) -> None:
    """Say what each stage found and decided about one clip or film, with its exact times.

    Example: phonofilm prepare explain work/ concerts/oslo.mp4
    """
    from phonofilm.data.ingest.explain import explain as lines
    from phonofilm.data.ingest.outcome import outcome, with_places
    from phonofilm.data.ingest.workspace import Workspace

    for line in lines(name, with_places(outcome(Workspace.open(work)), work)):
        typer.echo(line)


@given_by(engines, time_limit=120)
def report(
    work: Work,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the page (WORK).")] = None,
    *,
    engines: Engines,
) -> None:
    """Draw one HTML page: counts by reason, histograms, contact sheets with waveforms, the worst and the dropped.

    Example: phonofilm prepare report work/
    """
    from phonofilm.data.ingest.outcome import draw, outcome
    from phonofilm.data.ingest.workspace import Workspace

    space = Workspace.open(work)
    path, _ = draw(space, outcome(space), output or work, engines.engine(space.films, work), engines.limits)
    typer.echo(path)

"""``phonofilm prepare stats``, ``explain`` and ``report``: what became of the films and clips of a work folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.prepare.running import BARE, Engines, engines, warn
from phonofilm.cli.prepare.stages import Work
from phonofilm.cli.sharing import given_by
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import SettingError


def stats(
    work: Work,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the numbers as JSON.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace that file.")] = False,
) -> None:
    """Count films, clips and hours: what is used, what is left out and why, as far as the stages have run.

    Example: phonofilm prepare stats work/ -o stats.json
    """
    from phonofilm.data.ingest.belonging import check_free
    from phonofilm.data.ingest.outcome import so_far
    from phonofilm.data.ingest.stats import stats as count
    from phonofilm.data.ingest.workspace import Workspace
    from phonofilm.media.atomic import write_atomically

    if force and output is None:
        raise SettingError("--force is of a file: add -o, or leave it out")
    if output is not None:
        check_free(output)
    ledger, lacking = so_far(Workspace.open(work))
    warn(lacking)
    numbers = count(ledger)
    typer.echo(f"films   {numbers.sources_used} used of {numbers.sources}")
    for tally in numbers.films_left_out:
        typer.echo(f"        {tally.count} left out at {tally.stage}: {tally.reason.value}")
    if bare := [row.path for row in ledger.bare]:
        typer.echo(f"        {len(bare)} {BARE}: {', '.join(bare[:3])}{', ...' * (len(bare) > 3)}")
    typer.echo(f"clips   {numbers.clips_used} used of {numbers.clips}")
    for tally in numbers.clips_left_out:
        typer.echo(f"        {tally.count} left out at {tally.stage}: {tally.reason.value}")
    typer.echo(f"hours   {float(numbers.hours):.3f}")
    typer.echo(f"words   {numbers.texts} different captions; {counted(numbers.uncaptioned, 'clip')} without one")
    for share in numbers.shares:
        typer.echo(f"{share.subset.value:<11} {counted(share.sources, 'film')}, {counted(share.clips, 'clip')}")
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
    from phonofilm.data.ingest.outcome import so_far, with_places
    from phonofilm.data.ingest.workspace import Workspace

    ledger, lacking = so_far(Workspace.open(work))
    if name not in {row.path for row in ledger.sources if row.reason is not None}:
        warn(lacking)  # no later stage is about a film that the scan left out
    for line in lines(name, with_places(ledger, work)):
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
    from phonofilm.data.ingest.belonging import check_free
    from phonofilm.data.ingest.outcome import draw, so_far
    from phonofilm.data.ingest.workspace import Workspace

    if output is not None:
        check_free(output)
    space = Workspace.open(work)
    ledger, lacking = so_far(space)
    warn(lacking)
    path, _ = draw(space, ledger, output or work, engines.engine(space.films, work), engines.limits, lacking)
    typer.echo(path)

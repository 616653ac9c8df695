"""``phonofilm bench rulers``: what each metric of sync says of clips whose sync is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from phonofilm.cli.progress import progress
from phonofilm.metrics import Given


def rulers(
    output: Path,
    *,
    command: str,
    count: int,
    first_seed: int,
    clips: Path | None,
    metrics: tuple[str, ...] | None,
    weights: Mapping[str, str],
    workers: int,
    write: Path | None,
    device: str,
) -> None:
    """Calibrate, write OUTPUT/rulers.json and rulers.md with figures, and again what ``write`` names."""
    from phonofilm.benchmarks.rulers.measuring import Options, run
    from phonofilm.benchmarks.rulers.page import write_page
    from phonofilm.media.atomic import check_target

    if write is not None:
        check_target(write, force=True)
    given = Given(weights=dict(weights), device=device)
    options = Options(output, count, first_seed, clips, metrics, given, workers)
    with progress("rulers", "steps") as report:
        results = run(options, command=command, progress=report, say=lambda text: typer.echo(text, err=True))
    for page in (output / "rulers.md", write):
        if page is not None:
            write_page(results, page)
            typer.echo(f"written: {page}")

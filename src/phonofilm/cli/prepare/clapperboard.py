"""``phonofilm prepare clapperboard``: scenes on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.parse import fraction
from phonofilm.cli.progress import progress
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import SettingError


def clapperboard(
    count: Annotated[int, typer.Option("--count", min=1, help="Number of clips.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for films and manifest.jsonl.")],
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the first scene; from 1000000000 on they are held out.")
    ] = 0,
    seconds: Annotated[str, typer.Option(help="Length of each clip, 1 to 60.")] = "2",
    fps: Annotated[str, typer.Option(help="Frames a second.")] = "8",
    size: Annotated[int, typer.Option(min=16, help="Height and width in pixels.")] = 64,
    sample_rate: Annotated[int, typer.Option(min=8000, help="Audio samples a second.")] = 16000,
    lossless: Annotated[bool, typer.Option("--lossless", help="Keep every bit; few players show it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there instead of continuing it.")] = False,
) -> None:
    """Write Clapperboard scenes: films and a manifest with captions and exact event times.

    An interrupted run continues where it stopped when it is started again.

    Example: phonofilm prepare clapperboard --count 1000 -o data/clapperboard
    """
    from phonofilm.data.clapperboard.dataset import write_dataset
    from phonofilm.shapes import ClipShape

    length, rate = fraction(seconds, "--seconds"), fraction(fps, "--fps")
    if length is None or rate is None or length <= 0 or rate <= 0:
        raise SettingError("--seconds and --fps must be above 0")
    shape = ClipShape(length, rate, size, size, sample_rate)
    with progress("rendering", "clips") as report:
        manifest = write_dataset(output, count, shape, first_seed=seed, lossless=lossless, progress=report, force=force)
    typer.echo(f"{manifest}: {counted(count, 'clip')}")

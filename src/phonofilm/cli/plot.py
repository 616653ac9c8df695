"""``phonofilm plot``: a film at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    film: Annotated[Path, typer.Argument(help="Any film, generated or not.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .png name (default: beside the film).")
    ] = None,
    events: Annotated[bool, typer.Option(help="Look for events in picture and sound, and mark them.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing picture.")] = False,
) -> None:
    """Draw a film's contact sheet: frames over waveform over spectrogram, with the events seen and heard.

    Example: phonofilm plot hit.mp4 -o hit.png
    """
    from phonofilm.media.read import read
    from phonofilm.plots.sheet import save_sheet

    clip = read(film)
    found = None
    if events:
        from phonofilm.pipelines.sync import measure

        found = measure(clip)
    path = output or film.with_suffix(".png")
    save_sheet(clip, path, title=film.name, events=None if found is None else found.events, force=force)
    typer.echo(str(path) if found is None else f"{path}: {found}")

"""``phonofilm plot``: a film at a glance, or scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from phonofilm.errors import MediaError, SettingError


def plot(
    inputs: Annotated[list[Path], typer.Argument(metavar="FILM | SCORES.json ...", help="A film, or files of scores.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="A .png name; for scores also .md, .tex or .csv (default: .png beside it)."
        ),
    ] = None,
    events: Annotated[bool, typer.Option(help="Look for events in picture and sound, and mark them.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Draw a film's contact sheet: frames over waveform over spectrogram, with the events seen and heard.

    Or draw what ``phonofilm score`` wrote, of one system or of several beside each other: as a picture, as a table
    for a page (.md) or a paper (.tex), or film by film (.csv). Systems are called by the folder
    that was scored, or where two are the same by the one that their scores lie in.

    Examples:
    phonofilm plot hit.mp4 -o hit.png

    phonofilm plot ours/scores.json theirs/scores.json -o table.tex
    """
    if all(path.suffix == ".json" for path in inputs):
        from phonofilm.plots.scores import save_scores

        typer.echo(save_scores(_reports(inputs), output or inputs[0].with_suffix(".png"), force=force))
    elif len(inputs) == 1:
        _sheet(inputs[0], output, events, force)
    else:
        raise SettingError("one film at a time, or scores alone: give a film, or files that score wrote (.json)")


def _reports(paths: list[Path]) -> dict[str, Any]:
    """Scores by the folder that was scored; where two are called the same, by the folder or file they lie in."""
    found = [_report(path) for path in paths]
    sources = [Path(str(report.get("source", ""))).name for report in found]
    folders = [path.resolve().parent.name for path in paths]
    files = [path.with_suffix("").as_posix() for path in paths]
    for names in (sources, folders, files):
        if all(names) and len(set(names)) == len(paths):
            return dict(zip(names, found, strict=True))
    raise SettingError("the same scores are given twice: name each file once")


def _report(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["scores"].values()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MediaError(f"{path} holds no scores: name a file that `phonofilm score` wrote, or a film") from error
    return found


def _sheet(film: Path, output: Path | None, events: bool, force: bool) -> None:
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

"""``phonofilm score``: how good a folder of films is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.progress import progress
from phonofilm.errors import SettingError

if TYPE_CHECKING:
    from rich.table import Table

    from phonofilm.metrics import Report, Score


def score(
    folder: Annotated[Path, typer.Argument(help="A folder of films, from anyone's system.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the scores go.")] = Path("scores.json"),
    reference: Annotated[
        Path | None, typer.Option(help="A folder of true films: gives the ceiling, and Frechet distances.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Only this one; may be repeated (default: all that apply).")
    ] = None,
    codec: Annotated[
        str | None, typer.Option(help="Model whose codec Frechet distances are measured with, such as svg-tiny.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Weights of a published network, which metrics need them says --list; hf://owner/name[/file] fetches "
            "them from the Hugging Face hub. May be repeated.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where published networks run: cpu, cuda, cuda:1 ...")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of resampling and of wrong pairs.")] = 0,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out films that cannot be scored, and count them.")
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes that look at films; 0: one for each core.")] = 1,
    cache: Annotated[
        Path | None,
        typer.Option(
            envvar="PHONOFILM_CACHE",
            help="Where what was read of a film is kept, so that no run reads it again (your system's cache folder).",
        ),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep nothing, and look at every film anew.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing scores.")] = False,
) -> None:
    """Measure films: is what is heard in time with what is seen, and is it what the prompt says?

    Prompts come from the .json file beside each film, or from a manifest.jsonl in the folder. Every score stands
    beside its 95 % interval, and beside what wrongly paired picture and sound would get. A run that was stopped goes
    on where it was: what was read of a film is kept by the film's bytes.

    Examples:
    phonofilm score out/ -o scores.json

    phonofilm score out/ --reference films/ --codec svg-tiny --workers 8
    """
    from platformdirs import user_cache_path

    from phonofilm.media.atomic import check_target
    from phonofilm.metrics import Given, score_folder
    from phonofilm.models import load

    check_target(output, force=force)
    with progress("scoring", "films") as report:
        result = score_folder(
            folder,
            reference,
            metric,
            given=Given(None if codec is None else load(codec).codec, dict(map(_named, weights or ())), device),
            seed=seed,
            skip_bad=skip_bad,
            workers=workers or os.cpu_count() or 1,
            cache=None if no_cache else cache or user_cache_path("phonofilm") / "readings",
            progress=report,
        )
    result.save(output, force=force)
    show(result)
    typer.echo(f"{output}: {result.clips} films" + (f", {len(result.skipped)} skipped" if result.skipped else ""))


def _named(text: str) -> tuple[str, str]:
    """The two sides of NAME=PATH."""
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise SettingError(f"--weights {text} is not NAME=PATH: write --weights vggish=vggish.pth, say")
    return name, path


def show(report: Report) -> None:
    """Print scores as a table."""
    from rich.console import Console

    Console(width=None if typer.get_text_stream("stdout").isatty() else 120).print(table(report))


def table(report: Report) -> Table:
    """One row a score."""
    from rich.table import Table

    rows = Table("score", "value", "95 %", "chance", "ceiling", "films")
    for one in report.scores:
        rows.add_row(one.name, *_numbers(one), str(one.n))
    return rows


def _numbers(score: Score) -> list[str]:
    if score.value is None:
        return [f"none: {score.reason}", "", "", ""]
    interval = score.method if score.interval is None else f"{score.interval[0]:.3g} to {score.interval[1]:.3g}"
    beside = ["" if value is None else f"{value:.3g}" for value in (score.chance, score.ceiling)]
    return [f"{score.value:.3g} {score.unit}".strip(), interval, *beside]

"""``phonofilm bench``: models side by side on held-out scenes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.parse import assignments
from phonofilm.cli.progress import progress
from phonofilm.errors import SettingError, unknown_name

BENCHMARKS = ("clapperboard",)
SECTION = "clapperboard"


def bench(
    benchmark: Annotated[str, typer.Argument(help="Which benchmark: clapperboard.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME=MODEL",
            help="A row and its weights: a folder, or a name from `phonofilm models`; may be repeated. "
            "Default: uncoupled, cross-attention and cmc-pe, where their weights are.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for clips, scores and results; continued if it exists.")
    ] = Path("out/bench"),
    count: Annotated[int, typer.Option("--n", help="Held-out prompts.")] = 256,
    gammas: Annotated[
        str, typer.Option(help="Timestep adjustments that the model called cmc-pe is sampled with.")
    ] = "1,1.25,1.5,2,3",
    settings: Annotated[
        str, typer.Option(help="Sampling settings of all rows, e.g. steps=25,video=3,audio=2.5 (default: the models').")
    ] = "",
    first_seed: Annotated[int, typer.Option(help="Held-out scenes are taken from this seed on.")] = 1_000_000_000,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE.md", help="Also put tables and plot into this file, in their section."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Clips sampled together.")] = 8,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Compare models on held-out Clapperboard captions: are picture and sound in time, and are they what was asked?

    Every row has the same prompts and seeds. Beside the models stand chance (each picture with the sound of another
    clip), the true clips, and the true clips through the codec. Models without weights are left out, and said so.
    A run that was stopped continues where it was: give the same command again.

    Writes OUTPUT/results.json, table.md and clapperboard.png, and keeps each row's films for looking at.

    Examples:
    phonofilm bench clapperboard --write docs/results.md

    phonofilm bench clapperboard --model cmc-pe=svg-tiny --model uncoupled=runs/none/model --n 64 -o out/quick
    """
    if benchmark not in BENCHMARKS:
        raise unknown_name("benchmark", benchmark, BENCHMARKS)
    named = dict(_named(text) for text in model or [])
    if len(named) < len(model or []):
        raise SettingError("two rows have one name: give each --model NAME=MODEL its own")
    chosen = assignments(settings)
    if "gamma" in chosen:
        raise SettingError("the rows differ in gamma: choose it with --gammas")
    sweep = _numbers(gammas)

    from phonofilm.benchmarks import clapperboard
    from phonofilm.benchmarks.table import markdown
    from phonofilm.media.atomic import check_target

    if write is not None:
        check_target(write, force=True)
    options = clapperboard.Options(
        models=named or clapperboard.MODELS,
        out=output,
        n=count,
        first_seed=first_seed,
        gammas=sweep,
        settings=chosen,
        batch=batch,
        device=device,
    )
    with progress("clapperboard", "clips") as report:
        results = clapperboard.run(
            options, command=_command(), progress=report, say=lambda text: typer.echo(text, err=True)
        )
    tables = markdown(results)
    _save(results, tables, output, write)
    typer.echo(tables)


def _save(results: dict, tables: str, output: Path, write: Path | None) -> None:
    """Tables and plot beside the results, and again in and beside the Markdown file that was asked for."""
    from phonofilm.benchmarks.clapperboard import PLOT
    from phonofilm.benchmarks.sections import write_section
    from phonofilm.media.atomic import write_atomically
    from phonofilm.plots.rows import save_rows

    write_atomically(output / "table.md", f"{tables}\n".encode(), force=True)
    save_rows(results, output / PLOT, force=True)
    if write is not None:
        save_rows(results, write.parent / PLOT, force=True)
        body = f"## Clapperboard: ways to couple picture and sound\n\n{tables}\n\n![Every score by row]({PLOT})"
        write_section(write, SECTION, body)


def _named(text: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not (name and equals and place):
        raise SettingError(f"--model {text!r} names no row: write for example --model uncoupled=runs/none/model")
    return name, place


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"--gammas {text!r} are not numbers: write for example --gammas 1,1.5,2") from None


def _command() -> str:
    """The command as it was typed, with the program's plain name."""
    return shlex.join(["phonofilm", *sys.argv[1:]])

"""``phonofilm bench``: models side by side on held-out scenes; and metrics on clips whose sync is known."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli import parse
from phonofilm.cli.progress import progress
from phonofilm.errors import SettingError, unknown_name

BENCHMARKS = ("clapperboard", "rulers")
SECTION = "clapperboard"
SCENES, SCENES_OF_RULERS = 256, 512


def bench(
    benchmark: Annotated[str, typer.Argument(help="Which benchmark: clapperboard, or rulers.")],
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
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Folder for clips, scores and results; continued if it exists. Default: out/bench, or out/rulers.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--n", help=f"Held-out scenes. Default: {SCENES}; for rulers {SCENES_OF_RULERS}."),
    ] = None,
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
    clips: Annotated[
        Path | None, typer.Option("--clips", help="Rulers: a folder of real films to measure on too.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Rulers: names with commas between (default: all of sync that can be had).")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", metavar="NAME=PATH", help="Rulers: weights of published networks; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Rulers: processes that look at clips.")] = 1,
) -> None:
    """Compare models on held-out Clapperboard captions: are picture and sound in time, and are they what was asked?

    Or, with rulers, compare metrics on true clips whose sound was shifted, jittered, dropped, added, swapped ...: what
    does each see, from which shift on, and how much is noise?

    Every row has the same prompts and seeds. Beside the models stand chance (each picture with the sound of another
    clip), the true clips, and the true clips through the codec. Models without weights are left out, and said so.
    A run that was stopped continues where it was: give the same command again.

    Writes OUTPUT/results.json, table.md and clapperboard.png, and keeps each row's films for looking at.

    Examples:
    phonofilm bench clapperboard --write docs/results.md

    phonofilm bench clapperboard --model cmc-pe=svg-tiny --model uncoupled=runs/none/model --n 64 -o out/quick

    phonofilm bench rulers --clips films --write docs/rulers.md
    """
    if benchmark not in BENCHMARKS:
        raise unknown_name("benchmark", benchmark, BENCHMARKS)
    if benchmark == "rulers":
        if model or settings:
            raise SettingError("rulers are measured on true clips: leave --model and --settings out")
        from phonofilm.cli.rulers import rulers
        from phonofilm.pipelines.device import pick

        return rulers(
            output or Path("out/rulers"),
            command=_command(),
            count=SCENES_OF_RULERS if count is None else count,
            first_seed=first_seed,
            clips=clips,
            metrics=None if metrics is None else tuple(metrics.split(",")),
            weights=parse.weights(weights),
            workers=workers,
            write=write,
            device=str(pick(device)),
        )
    if clips or metrics or weights or workers > 1:
        raise SettingError("--clips, --metrics, --weights and --workers belong to rulers: leave them out")
    named = dict(parse.named(text, "--model", "names no row", "uncoupled=runs/none/model") for text in model or [])
    if len(named) < len(model or []):
        raise SettingError("two rows have one name: give each --model NAME=MODEL its own")
    chosen = parse.assignments(settings)
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
        out=output or Path("out/bench"),
        n=SCENES if count is None else count,
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
    _save(results, tables, options.out, write)
    typer.echo(tables)
    return None


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


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"--gammas {text!r} are not numbers: write for example --gammas 1,1.5,2") from None


def _command() -> str:
    """The command as it was typed, with the program's plain name."""
    return shlex.join(["phonofilm", *sys.argv[1:]])

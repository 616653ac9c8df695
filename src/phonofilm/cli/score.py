"""``phonofilm score``: how good a folder of films is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli import parse
from phonofilm.cli.progress import progress
from phonofilm.cli.score_tables import below, catalogue, comparison, licences, show, table
from phonofilm.errors import SettingError

OUTPUT = Path("scores.json")


def score(
    folder: Annotated[Path | None, typer.Argument(help="A folder of films, from anyone's system.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the scores go.")] = OUTPUT,
    also: Annotated[
        list[Path] | None,
        typer.Option("--also", help="The scores in another form too, by its ending: .md, .tex, .png. May be repeated."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="A folder of true films: gives the ceiling, and distances to them.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "--metrics", help="Only these, by name, with commas (default: all that apply)."),
    ] = None,
    codec: Annotated[
        str | None, typer.Option(help="Model whose codec Frechet distances are measured with, such as svg-tiny.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Weights of a published network, by the name that --list shows; hf://owner/name or "
            "hf://owner/name/file fetches them from the Hugging Face hub. May be repeated.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where published networks run: cpu, cuda, cuda:1, auto.")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of resampling and of wrong pairs.")] = 0,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out films that cannot be scored, and count them.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that look at films, at most one a film; 0: one for each core.")
    ] = 1,
    cache: Annotated[
        Path | None,
        typer.Option(
            envvar="PHONOFILM_CACHE",
            help="Where what was read of a film is kept, so that no run reads it again (your system's cache folder).",
        ),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep nothing, and look at every film anew.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing scores.")] = False,
    listing: Annotated[
        bool,
        typer.Option("--list", help="Score nothing; say what each metric is, its source and what it needs."),
    ] = False,
    against: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", metavar="A.json B.json", help="Score nothing; test how two runs differ."),
    ] = None,
) -> None:
    """Measure films: is what is heard in time with what is seen, and is it what the prompt says?

    Prompts come from the .json file beside each film (prompt, caption or text), or from a manifest.jsonl in the folder.
    Every score stands beside its 95 % interval, and beside what wrongly paired picture and sound would get. A run that
    was stopped goes on where it was: what was read of a film is kept by the film's bytes. A metric that cannot be
    computed says why, and the others go on.

    Examples:
    phonofilm score --list

    phonofilm score out/ -o scores.json --also scores.md --also scores.png

    phonofilm score out/ --reference films/ --codec svg-tiny --workers 8

    phonofilm score --compare ours/scores.json theirs/scores.json
    """
    if listing:
        typer.echo(catalogue())
    elif against is not None:
        if also or output != OUTPUT:
            raise SettingError("--compare shows its table and saves nothing: leave -o and --also out, and use > FILE")
        from phonofilm.metrics import Report, compare

        show(comparison(compare(*map(Report.load, against), seed=seed)))
    elif folder is None:
        raise SettingError("no folder is named: give a folder of films, or --list, or --compare A.json B.json")
    else:
        from platformdirs import user_cache_path

        from phonofilm.media.atomic import check_target
        from phonofilm.metrics import Given, score_folder
        from phonofilm.models import load
        from phonofilm.pipelines.device import pick
        from phonofilm.plots.scores import check_scores_target, save_scores

        named, where = parse.weights(weights), str(pick(device))
        if output.suffix in (".md", ".tex", ".png"):
            raise SettingError(f"{output} would hold JSON: use --also {output}, and -o for a name in .json")
        if folder.is_dir():  # otherwise that is what to complain about
            check_target(output, force=force)
        for path in also or ():
            check_scores_target(path, force=force)
        with progress("scoring", "films") as report:
            result = score_folder(
                folder,
                reference,
                None if metric is None else [name for some in metric for name in some.split(",") if name],
                given=Given(None if codec is None else load(codec).codec, named, where),
                seed=seed,
                skip_bad=skip_bad,
                workers=workers or os.cpu_count() or 1,
                cache=None if no_cache else cache or user_cache_path("phonofilm") / "readings",
                progress=report,
            )
        result.save(output, force=force)
        for path in also or ():
            save_scores({folder.resolve().name: result.to_json()}, path, force=force)
        show(table(result))
        typer.echo("\n".join([*licences(result), *below(result), f"{output}: {result.clips} films"]))

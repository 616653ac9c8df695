"""``phonofilm score``: how good a folder of films is."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli import parse
from phonofilm.cli.progress import progress
from phonofilm.cli.score_tables import as_rich, below, catalogue, licences, show, table
from phonofilm.errors import SettingError

OUTPUT = Path("scores.json")


def score(
    folder: Annotated[Path | None, typer.Argument(help="A folder of films, from anyone's system.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Where the scores go (scores.json); a comparison is written only where this says."
        ),
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            help="In another form too, by its ending: tables in .md or .tex, a .png, film by film in .csv; a "
            "comparison in .json, .md, .tex or, with all digits, .csv. May be repeated.",
        ),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="A folder of true films: what they score stands beside, and distances to them.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "--metrics",
            help="Only these, by name, with commas (default: all that apply); for --compare also names of scores.",
        ),
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
        typer.Option(
            "--list",
            help="Score nothing; say what each metric is, its source and what it needs; with --metric the whole of "
            "its text, traps included.",
        ),
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

    phonofilm score --list --metric onset-ap

    phonofilm score out/ -o scores.json --also scores.md --also scores.png

    phonofilm score out/ --reference films/ --codec svg-tiny --workers 8

    phonofilm score --compare ours/scores.json theirs/scores.json -o comparison.md
    """
    wanted = None if metric is None else [name for some in metric for name in some.split(",") if name]
    if against is not None:
        _alone(folder, reference, listing)
    if listing:
        typer.echo(catalogue(wanted))
    elif against is not None:
        paths = [*([] if output is None else [output]), *(also or ())]
        _compare(*against, metrics=wanted, seed=seed, paths=paths, force=force)
    elif folder is None:
        raise SettingError("no folder is named: give a folder of films, or --list, or --compare A.json B.json")
    else:
        from platformdirs import user_cache_path

        from phonofilm.media.atomic import try_target
        from phonofilm.metrics import Given, score_folder
        from phonofilm.models import load
        from phonofilm.pipelines.device import pick
        from phonofilm.plots.scores import check_scores_target, save_scores

        named, where, output = parse.weights(weights), str(pick(device)), output or OUTPUT
        if output.suffix in (".md", ".tex", ".png", ".csv"):
            raise SettingError(f"{output} would hold JSON: use --also {output}, and -o for a name in .json")
        _distinct([output, *(also or ())])
        if folder.is_dir():  # otherwise that is what to complain about
            try_target(output, force=force)
        for path in also or ():
            check_scores_target(path, force=force)
        with progress("scoring", "films") as report:
            result = score_folder(
                folder,
                reference,
                wanted,
                given=Given(None if codec is None else load(codec).codec, named, where),
                seed=seed,
                skip_bad=skip_bad,
                workers=workers or os.cpu_count() or 1,
                cache=None if no_cache else cache or user_cache_path("phonofilm") / "readings",
                progress=report,
            )
        result.save(output, force=force)
        valued = any(one.value is not None for one in result.scores)
        if valued:
            show(partial(table, result))
        films = "1 film" if result.clips == 1 else f"{result.clips} films"
        typer.echo("\n".join([*licences(result), *below(result), f"{output}: {films}"]))
        for path in also or ():
            save_scores({folder.resolve().name: result.to_json()}, path, force=force)
        if wanted is not None and not valued:
            raise SettingError(f"no metric that was named gave a value: see the reasons above, or in {output}")


def _alone(folder: Path | None, reference: Path | None, listing: bool) -> None:
    """Whether nothing is named that a comparison does not look at."""
    other = next((f"the folder {one}" for one in (folder, reference) if one is not None), "--list" if listing else "")
    if other:
        raise SettingError(f"--compare looks at two files of scores and at no more: leave {other} out")


def _distinct(paths: list[Path]) -> None:
    """Whether no file would be written twice."""
    for place, path in enumerate(paths):
        if path in paths[:place]:
            raise SettingError(f"{path} is to be written twice: name each file once")


def _compare(
    first: Path, second: Path, *, metrics: list[str] | None, seed: int, paths: list[Path], force: bool
) -> None:
    """Show how two runs differ, and write it where that is wanted."""
    from phonofilm.metrics import Report, caveats, compare
    from phonofilm.plots import comparison

    _distinct(paths)
    for path in paths:
        comparison.check_comparison_target(path, force=force)
    one, other = Report.load(first), Report.load(second)
    differences = [found.to_json() for found in compare(one, other, seed, metrics)]
    found = comparison.comparison(str(first), str(second), seed, differences, caveats(one, other))
    for path in paths:
        comparison.save_comparison(found, path, force=force)
    show(partial(as_rich, *comparison.table(found)))
    typer.echo("\n".join([*comparison.below(found), *map(str, paths)]))

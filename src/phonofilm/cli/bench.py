"""``phonofilm bench``: models side by side on held-out scenes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonofilm.cli.parse import assignments
from phonofilm.cli.progress import progress
from phonofilm.errors import SettingError, unknown_name

if TYPE_CHECKING:
    from phonofilm.pipelines.benchmark import Contestant

BENCHMARKS = ("clapperboard",)


def bench(
    benchmark: Annotated[str, typer.Argument(help="Which benchmark: clapperboard.")],
    contestants: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LABEL:]MODEL[,KEY=VALUE]...", help="Models with settings (default: svg-tiny)."),
    ] = None,
    count: Annotated[int, typer.Option("--count", help="Held-out prompts.")] = 256,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the first held-out scene.")] = 1_000_000_000,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for one result file a row.")] = Path(
        "out/bench"
    ),
    columns: Annotated[str | None, typer.Option(help="Scores in the printed table (default: all).")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Clips sampled together.")] = 4,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Generate from held-out captions and score the clips, beside true clips and chance.

    Rows that are finished are not made again: run the same command to continue an interrupted benchmark.

    Examples:
    phonofilm bench clapperboard --count 256

    phonofilm bench clapperboard "gamma 1:svg-tiny,gamma=1" "uncoupled:runs/none/model" -o out/table
    """
    if benchmark not in BENCHMARKS:
        raise unknown_name("benchmark", benchmark, BENCHMARKS)

    from phonofilm.pipelines import benchmark as bm
    from phonofilm.pipelines.joint import load

    pipes: dict[str, Any] = {}

    def contestant(text: str) -> Contestant:
        label, model, settings = _parsed(text)
        pipe = pipes[model] = pipes.get(model) or load(model, device=device, batch=batch)
        return bm.Contestant(label, pipe, pipe.settings(**settings))

    rivals = [contestant(text) for text in contestants or ["svg-tiny"]]
    if len({one.label for one in rivals}) < len(rivals):
        raise SettingError("two rows have the same label: give each its own, LABEL:MODEL,KEY=VALUE")
    first = rivals[0].pipe.model
    task = bm.Task(count, seed, first.shape, first.codec)
    rows = [_row(None, task, output), *(_row(one, task, output) for one in rivals)]
    shown = columns.split(",") if columns else list(rows[0]["report"]["scores"])
    typer.echo(bm.markdown(rows, shown))


def _row(one: Contestant | None, task: Any, folder: Path) -> dict[str, Any]:
    """A finished row, or the row once it is made; ``None`` stands for the true clips."""
    from phonofilm.pipelines import benchmark as bm

    description = {"label": bm.TRUE} if one is None else one.describe()
    path = folder / f"{_slug(description['label'])}.json"
    found = bm.read_result(path, description, task)
    if found is not None:
        return found
    with progress(description["label"], "clips") as report:
        scored = bm.score_truth(task, report) if one is None else bm.score_contestant(one, task, report)
    folder.mkdir(parents=True, exist_ok=True)
    bm.save_result(path, description, task, scored)
    return {"contestant": description, "task": task.describe(), "report": scored.to_json()}


def _parsed(text: str) -> tuple[str, str, dict[str, Any]]:
    """``LABEL:MODEL,KEY=VALUE`` as label, model and settings; the label defaults to all of it."""
    label, colon, rest = text.rpartition(":")
    model, _, settings = (rest if colon else text).partition(",")
    return label or text, model, assignments(settings)


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-") or "row"

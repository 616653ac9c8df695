"""``phonofilm train``: one stage of training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonofilm.errors import SettingError


def train(
    model: Annotated[str, typer.Argument(help="Where to start from: a name from `phonofilm models`, or a folder.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Any training setting, e.g. clips=20000.")
    ] = None,
    stage: Annotated[str, typer.Option(help="video, audio or joint.")] = "joint",
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder: checkpoints, logs, model.")] = Path(
        "runs/train"
    ),
    settings: Annotated[bool, typer.Option("--settings", help="Print every setting and stop.")] = False,
) -> None:
    """Train one stage of a model on Clapperboard scenes; run the same command again to continue.

    A run that was stopped, whatever the way, continues from its last checkpoint. The finished model is the
    folder OUTPUT/model, which every other command takes as --model.

    Examples:
    phonofilm train svg-tiny --stage joint -o runs/joint clips=20000 batch=8

    tensorboard --logdir runs
    """
    from phonofilm.training.config import with_overrides

    for override in overrides or []:
        if override.partition("=")[0] in ("model", "stage", "out"):
            raise SettingError(f"{override!r} has its own place: phonofilm train MODEL --stage STAGE -o FOLDER")
    config = with_overrides({"model": model, "stage": stage, "out": output}, overrides or [])
    if settings:
        typer.echo(config.model_dump_json(indent=2))
        return

    from phonofilm.training.loop import run

    typer.echo(f"finished: {run(config)}")

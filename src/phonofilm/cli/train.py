"""``phonofilm train``: one stage of a model, or a whole model from nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonofilm.cli.progress import progress
from phonofilm.cli.status import INTERRUPTED
from phonofilm.errors import SettingError, unknown_name

if TYPE_CHECKING:
    from phonofilm.training.plan import Plan

STAGES = ("video", "audio", "joint")
FROM_SCRATCH = ("all", "codec", "latents", *STAGES)


def train(
    model: Annotated[str, typer.Argument(help="Where to start from: a name from `phonofilm models`, or a folder.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Any training setting, e.g. clips=20000.")
    ] = None,
    stage: Annotated[
        str, typer.Option(help="video, audio or joint; from scratch also codec, latents or all.")
    ] = "joint",
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder: checkpoints, logs, model.")] = Path(
        "runs/train"
    ),
    scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Begin with nothing: every stage of the model's recipe.")
    ] = False,
    coupling: Annotated[
        str | None,
        typer.Option(help="From scratch: how picture and sound are joined (svg: cmc-pe, cross-attention, none)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="From scratch: processes that draw scenes for the latents.", show_default="1"),
    ] = None,
    settings: Annotated[bool, typer.Option("--settings", help="Print every setting and stop.")] = False,
) -> None:
    """Train a model on Clapperboard scenes; run the same command again to continue.

    A run that was stopped, whatever the way, continues from its last checkpoint. The finished model is the
    folder OUTPUT/model (from scratch: OUTPUT/NAME-COUPLING), which every other command takes as --model.

    Examples:
    phonofilm train svg-tiny --stage joint -o runs/joint clips=20000 batch=8

    phonofilm train svg-tiny --from-scratch --stage all -o runs/tiny

    tensorboard --logdir runs
    """
    from phonofilm.media.atomic import room_needed

    for override in overrides or []:
        if override.partition("=")[0] in ("model", "stage", "out"):
            raise SettingError(f"{override!r} has its own place: phonofilm train MODEL --stage STAGE -o FOLDER")
    if stage not in FROM_SCRATCH:
        raise unknown_name("training stage", stage, FROM_SCRATCH if scratch else STAGES)
    try:
        with room_needed(output):
            if scratch:
                _from_scratch(model, stage, output, coupling, workers or 1, overrides or [], settings)
            else:
                _check_plain(stage, {"--coupling": coupling, "--workers": workers})
                _one_stage(model, stage, output, overrides or [], settings)
    except KeyboardInterrupt:
        typer.echo("phonofilm: stopped; give the same command again to go on from the last checkpoint", err=True)
        raise SystemExit(INTERRUPTED) from None


def _check_plain(stage: str, options: dict[str, object]) -> None:
    """Refuse what only training from scratch has.

    Raises:
        SettingError: naming it.
    """
    if stage not in STAGES:
        raise SettingError(f"--stage {stage} is a step of training from nothing: add --from-scratch")
    for option, given in options.items():
        if given is not None:
            raise SettingError(
                f"{option} {given} belongs to training from nothing: add --from-scratch, or leave {option} out "
                "(a model keeps the coupling that it has)"
            )


def _one_stage(model: str, stage: str, output: Path, overrides: list[str], settings: bool) -> None:
    from phonofilm.training.config import with_overrides

    config = with_overrides({"model": model, "stage": stage, "out": output}, overrides)
    if settings:
        typer.echo(config.model_dump_json(indent=2))
        return

    from phonofilm.training.loop import run

    typer.echo(f"finished: {run(config)}")


def _from_scratch(
    name: str, stage: str, output: Path, coupling: str | None, workers: int, overrides: list[str], settings: bool
) -> None:
    from phonofilm.training import plan as plans
    from phonofilm.training.config import Stage

    plan = plans.Plan(name, output)
    coupling = coupling or plan.couplings[0]
    todo = FROM_SCRATCH[1:] if stage == "all" else (stage,)
    plans.check(plan, [Stage(one) for one in todo if one in STAGES], coupling, overrides)
    if settings:
        typer.echo(json.dumps({one: _settings(plan, one, coupling, overrides) for one in todo}, indent=2))
        return
    for one in todo:
        typer.echo(f"{one}: {_step(plan, one, coupling, workers, overrides)}")


def _settings(plan: Plan, stage: str, coupling: str, overrides: list[str]) -> Any:
    """What a step of a plan is told, as plain values."""
    from phonofilm.training.config import Stage

    if stage == "codec":
        return {run.part.value: run.model_dump(mode="json") for run in plan.codec_runs}
    if stage == "latents":
        return {"scenes": plan.recipe["scenes"]}
    kind = coupling if stage == Stage.JOINT.value else None
    return plan.settings(Stage(stage), overrides, kind).model_dump(mode="json")


def _step(plan: Plan, stage: str, coupling: str, workers: int, overrides: list[str]) -> Path:
    from phonofilm.training import plan as plans
    from phonofilm.training.config import Stage

    if stage == "codec":
        return plans.codec(plan)
    if stage == "latents":
        with progress("latents", "clips") as report:
            return plans.prepare(plan, workers, report)
    if stage == "joint":
        plans.joint(plan, coupling, overrides)
        return plans.finish(plan, coupling)
    return plans.base(plan, Stage(stage), overrides)

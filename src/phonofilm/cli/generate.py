"""``phonofilm generate``: sentences to films."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonofilm.cli.parse import fraction, interval, name, path, scales
from phonofilm.cli.progress import progress
from phonofilm.cli.status import INTERRUPTED
from phonofilm.errors import SettingError

if TYPE_CHECKING:
    from phonofilm.pipelines.films import Film, Plan
    from phonofilm.pipelines.joint import Pipeline
    from phonofilm.pipelines.request import Request
    from phonofilm.pipelines.sidecar import Sidecar

DEFAULT_MODEL = "svg-tiny"
Sampling, Files = "Sampling", "Files"  # panels of the help page


def generate(
    prompt: Annotated[
        str | None,
        typer.Argument(help="A sentence, or a .txt file with one prompt a line (# after a blank begins a comment)."),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            parser=path,
            metavar="PATH",
            help="A film (.mp4, .mov, .mkv), or a folder for named films.",
        ),
    ] = Path("out"),
    again: Annotated[
        Path | None,
        typer.Option("--from", parser=path, metavar="SIDECAR", help="Make the clip of this .json file again."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            parser=name, metavar="NAME", help="A name from `phonofilm models`, or a folder (default: svg-tiny)."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--n", min=1, help="Clips of each prompt, with seeds SEED, SEED + 1, ...")] = 1,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same clip (default: 0).")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.", rich_help_panel=Sampling)] = None,
    gamma: Annotated[
        float | None,
        typer.Option(help="Timestep adjustment: 1 = none, above 1 the picture leads.", rich_help_panel=Sampling),
    ] = None,
    guidance: Annotated[
        str | None,
        typer.Option(help="How much the prompt counts: 7.5, or video=7.5,audio=2.5.", rich_help_panel=Sampling),
    ] = None,
    guidance_interval: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH", help="Guide only at these noise fractions, e.g. 0.2:0.8.", rich_help_panel=Sampling
        ),
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="euler, ddim, ddpm, heun or dpmpp-2m.", rich_help_panel=Sampling)
    ] = None,
    seconds: Annotated[str | None, typer.Option(help="Length of the clip.", rich_help_panel=Sampling)] = None,
    fps: Annotated[str | None, typer.Option(help="Frames a second.", rich_help_panel=Sampling)] = None,
    negative: Annotated[
        str,
        typer.Option(help="What should not be in the clip; guidance steers away from it.", rich_help_panel=Sampling),
    ] = "",
    picture: Annotated[
        Path | None,
        typer.Option(parser=path, metavar="FILM", help="Make sound for its picture.", rich_help_panel=Sampling),
    ] = None,
    sound: Annotated[
        Path | None,
        typer.Option(parser=path, metavar="FILM", help="Make a picture for its sound.", rich_help_panel=Sampling),
    ] = None,
    sheet: Annotated[
        bool,
        typer.Option("--sheet", help="Also draw frames over waveform, events marked (.png).", rich_help_panel=Files),
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Say how far sound and picture are apart.", rich_help_panel=Files)
    ] = False,
    lossless: Annotated[
        bool, typer.Option("--lossless", help="Keep every bit; few players show it.", rich_help_panel=Files)
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.", rich_help_panel=Files)] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the clips that an interrupted run finished.", rich_help_panel=Files)
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            parser=name, metavar="NAME", help="auto, cpu or cuda (default: auto; with --from the device of then)."
        ),
    ] = None,
) -> None:
    """Make sounding clips from sentences.

    Beside each film stands a .json file: --from makes the same clip of it again.

    Examples:
    phonofilm generate "a drumstick hits a metal pipe twice" -o hit.mp4 --sheet

    phonofilm generate --from hit.json -o again.mp4

    phonofilm generate prompts.txt -o out/ --n 4 --guidance video=7.5,audio=2.5

    phonofilm generate "a hammer hits wood" --picture silent.mp4 -o dubbed.mp4
    """
    began = time.perf_counter()
    chosen = {
        "steps": steps,
        "gamma": gamma,
        "guidance": None if guidance is None else scales(guidance),
        "guidance_interval": None if guidance_interval is None else interval(guidance_interval),
        "sampler": sampler,
        "seconds": fraction(seconds, "--seconds"),
        "fps": fraction(fps, "--fps"),
        "negative": negative or None,
    }
    settings = {name: value for name, value in chosen.items() if value is not None}
    how = _How(sheet, measure, lossless, force, resume, began)
    if again is not None:
        if prompt or picture or sound or settings or seed is not None or count > 1:
            raise SettingError(f"--from makes the clip of {again} as it was: leave out the prompt, seed and settings")
        if resume:
            raise SettingError("--from makes one clip from its beginning: leave out --resume")
        _repeat(again, output, model, device, how)
        return
    prompts = _prompts(prompt)
    if picture and sound:
        raise SettingError("--picture and --sound exclude each other: a clip is made for one of them")

    from phonofilm.pipelines.films import plan_films
    from phonofilm.pipelines.joint import load

    pipe = load(model or DEFAULT_MODEL, device=device or "auto")
    requests = _requests(pipe, prompts, range(seed or 0, (seed or 0) + count), settings, picture, sound)
    plans = plan_films(requests, output, sheet=sheet, lossless=lossless)
    _make(pipe, plans, how)


@dataclass(frozen=True)
class _How:
    """What is done about the films beside making them; ``began`` is the clock at the command's start."""

    sheet: bool
    measure: bool
    lossless: bool
    force: bool
    resume: bool
    began: float


def _prompts(prompt: str | None) -> dict[str, str]:
    """The prompts, by what messages call them."""
    if prompt is None:
        raise SettingError('say what happens, for example: phonofilm generate "a glass ball bounces on wood"')
    if prompt.endswith(".txt") and (" " not in prompt or Path(prompt).is_file()):
        from phonofilm.pipelines.films import read_prompts

        return read_prompts(Path(prompt))
    return {"the prompt": prompt}


def _requests(
    pipe: Pipeline,
    prompts: dict[str, str],
    seeds: range,
    settings: dict[str, Any],
    picture: Path | None,
    sound: Path | None,
) -> list[Request]:
    from phonofilm.pipelines.given import PICTURE, SOUND, take_given
    from phonofilm.pipelines.request import Request

    for where, prompt in prompts.items():
        pipe.model.text.check_length(prompt, where)
    complete = pipe.settings(**settings)
    film = picture or sound
    given = film and take_given(film, PICTURE if picture else SOUND, pipe.shape(complete))
    return [Request(prompt, seed, complete, given or None) for prompt in prompts.values() for seed in seeds]


def _repeat(again: Path, output: Path, model: str | None, device: str | None, how: _How) -> None:
    """Make the clip of a sidecar and say whether its film came out the same."""
    from phonofilm.pipelines.films import plan_films
    from phonofilm.pipelines.joint import load
    from phonofilm.pipelines.sidecar import read_sidecar

    sidecar = read_sidecar(again)
    was = sidecar.environment
    pipe = load(model or sidecar.model, device=device or was.device, threads=was.threads)
    request = pipe.remake(sidecar, again.parent)
    plans = plan_films([request], output, sheet=how.sheet, lossless=how.lossless or sidecar.lossless)
    (film,) = _make(pipe, plans, how, sidecar)
    made = film.take.sidecar
    if made.film_sha256 == sidecar.film_sha256:
        typer.echo(f"{film.plan.film} is the film of {again}, bit for bit")
    elif (made.lossless, film.plan.film.suffix) == (sidecar.lossless, sidecar.film_suffix):
        typer.echo(
            f"phonofilm: warning: {film.plan.film} differs in rounding from the film of {again}, which was made with "
            f"torch {was.torch} on {was.device}: use the same for the same bits",
            err=True,
        )


def _make(pipe: Pipeline, plans: list[Plan], how: _How, sidecar: Sidecar | None = None) -> list[Film]:
    """Make the films, or the one of a sidecar again, and say how far it is and what became of each."""
    from phonofilm.pipelines.films import make_again, make_films, unfinished

    left = unfinished(plans, model=pipe.fingerprint, force=how.force, resume=how.resume)
    if len(left) < len(plans):
        typer.echo(f"{len(plans) - len(left)} of {len(plans)} clips are finished already", err=True)
    copies = 1 if sidecar is None else sidecar.environment.batch
    total = sum(plan.request.settings.steps for plan in left) * copies
    films, done = [], 0
    with progress("generating", "steps") as report:

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            report(done, total)

        def made() -> Iterator[Film]:
            if sidecar is None:
                return make_films(pipe, left, measure=how.measure, advance=advance)
            return (make_again(pipe, plan, sidecar, measure=how.measure, advance=advance) for plan in left)

        try:
            for film in made():
                films.append(film)
                typer.echo(_line(film))
        except KeyboardInterrupt:
            typer.echo("phonofilm: stopped; every film that is there is whole, --resume makes the others", err=True)
            raise SystemExit(INTERRUPTED) from None
    seconds = time.perf_counter() - how.began
    typer.echo(f"{len(films)} {'film' if len(films) == 1 else 'films'} in {seconds:.1f} s", err=True)
    return films


def _line(film: Film) -> str:
    """One film's name, how long its sampling took, and how far sound and picture are apart."""
    timing = film.take.timing
    line = f"{film.plan.film}: {timing.sampling:.1f} s of sampling, {timing.total - timing.sampling:.1f} s besides"
    return line if film.sync is None else f"{line}; {film.sync}"

"""From prompts to files: names, the films, their sidecars and contact sheets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import check_target, make_folder, write_together
from phonofilm.media.write import CONTAINERS, container_for
from phonofilm.pipelines.request import Request
from phonofilm.pipelines.sidecar import Sidecar, read_sidecar, sidecar_path
from phonofilm.pipelines.sync import Sync
from phonofilm.pipelines.sync import measure as measured
from phonofilm.pipelines.take import Advance, Take
from phonofilm.plots.sheet import sheet_png

if TYPE_CHECKING:
    from phonofilm.pipelines.joint import Pipeline

LOSSY, LOSSLESS = ".mp4", ".mkv"
SLUG_LENGTH = 40
LIKE_A_FILM = re.compile(r"\.(?=(?:[0-9]*[a-z]){2})[a-z0-9]{2,4}")
"""How suffixes of media files look (``.avi``, ``.mp3``); ``.25`` and ``.v1`` only end the name of a folder."""

COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True)
class Plan:
    """A request and the file that its clip goes to.

    Attributes:
        request: what to make.
        film: where to; sidecar and sheet get the same name with another suffix.
        sheet: also draw a contact sheet.
        lossless: write frames and samples bit for bit.
    """

    request: Request
    film: Path
    sheet: bool = False
    lossless: bool = False

    @property
    def sidecar_path(self) -> Path:
        """Where the sidecar goes; it is written last, so a film beside one is whole."""
        return sidecar_path(self.film)

    @property
    def sheet_path(self) -> Path:
        """Where the contact sheet goes."""
        return self.film.with_suffix(".png")

    @property
    def outputs(self) -> list[Path]:
        """Every file that this plan writes, in order."""
        return [self.film, *([self.sheet_path] if self.sheet else []), self.sidecar_path]


@dataclass(frozen=True)
class Film:
    """A written film.

    Attributes:
        plan: what was asked.
        take: the clip with its sidecar and timing.
        sync: how far sound and picture are apart, if that was measured.
    """

    plan: Plan
    take: Take
    sync: Sync | None = None


def read_prompts(path: Path) -> dict[str, str]:
    """Prompts of a text file, one a line, by where they stand (``"line 3 of prompts.txt"``).

    Blank lines are left out, and comments: what follows a ``#`` that begins a line or stands after a blank.

    Raises:
        MediaError: if the file cannot be read.
        SettingError: if it holds no prompt.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise MediaError(f"cannot read prompts from {path}: it is no UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise MediaError(
            f"cannot read prompts from {path} ({error.strerror}): give a text file with one prompt a line"
        ) from error
    kept = ((number, COMMENT.sub("", line).strip()) for number, line in enumerate(lines, start=1))
    prompts = {f"line {number} of {path}": prompt for number, prompt in kept if prompt}
    if not prompts:
        raise SettingError(f"{path} holds no prompt: write one a line")
    return prompts


def plan_films(requests: Sequence[Request], output: Path, *, sheet: bool = False, lossless: bool = False) -> list[Plan]:
    """A file for each request: ``output`` itself if it is named as a film, else named files in that folder.

    Raises:
        SettingError: if several films would go to one file.
    """
    suffix = LOSSLESS if lossless else LOSSY
    if not _named_as_film(output) or os.path.isdir(output):  # Path.is_dir raises for over-long names
        names = (film_name(index, request, suffix) for index, request in enumerate(requests))
        return [Plan(request, output / name, sheet, lossless) for name, request in zip(names, requests, strict=True)]
    if len(requests) > 1:
        raise SettingError(
            f"{len(requests)} clips cannot all go to {output}: give a folder, for example -o {output.stem}/"
        )
    return [Plan(requests[0], output, sheet, lossless)]


def _named_as_film(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in CONTAINERS or LIKE_A_FILM.fullmatch(suffix) is not None


def film_name(index: int, request: Request, suffix: str) -> str:
    """A name that sorts in order, is safe everywhere and still says what is in the film."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.prompt.lower()).strip("-")[:SLUG_LENGTH].strip("-")
    return f"{index:03d}-{slug or 'clip'}-seed{request.seed}{suffix}"


def unfinished(plans: Sequence[Plan], *, model: str, force: bool = False, resume: bool = False) -> list[Plan]:
    """The plans that are still to do, after a look at what exists already; nothing is made yet, not even a folder.

    Args:
        plans: all of them.
        model: fingerprint of the weights in use.
        force: make everything anew and replace what is there.
        resume: leave out clips that a former run finished; its half-made ones are made anew.

    Raises:
        MediaError: if an output exists and neither option is on, or cannot be written.
        SettingError: if a finished clip was made from something else than what is asked now.
    """
    left = [plan for plan in plans if force or not (resume and _is_finished(plan, model))]
    for plan in left:
        _check_outputs(plan, force=force or resume)
    return left


def _check_outputs(plan: Plan, *, force: bool) -> None:
    container_for(plan.film, lossless=plan.lossless)
    for path in plan.outputs:
        check_target(path, force=force, new_folder=True)  # made when the first film goes there


def _is_finished(plan: Plan, model: str) -> bool:
    if not (plan.sidecar_path.exists() and plan.film.exists()):
        return False
    sidecar = read_sidecar(plan.sidecar_path)
    if not sidecar.same_request(plan.request) or sidecar.weights != model:
        raise SettingError(
            f"{plan.film} was made from another prompt, model or settings: "
            "repeat the first run's command, choose another folder, or replace it with --force"
        )
    return not plan.sheet or plan.sheet_path.exists()


def make_films(
    pipe: Pipeline, plans: Sequence[Plan], *, measure: bool = False, advance: Advance | None = None
) -> Iterator[Film]:
    """Make and write the films, one batch at a time; each is whole before the next begins.

    Args:
        pipe: the model at work.
        plans: films to make; existing files are replaced, see :func:`unfinished`.
        measure: look for events even if no sheet is wanted.
        advance: called with the number of sampling steps done since the last call.

    Raises:
        MediaError: if a file cannot be written.
    """
    takes = pipe.stream([plan.request for plan in plans], advance=advance)
    for plan, take in zip(plans, takes, strict=True):
        yield _write(plan, take, measure)


def make_again(
    pipe: Pipeline, plan: Plan, sidecar: Sidecar, *, measure: bool = False, advance: Advance | None = None
) -> Film:
    """Make the film of a sidecar once more, bit for bit in the environment that it records.

    Rounding depends on how many clips are sampled together, though not on what the others are: a clip of a
    batch is made among as many copies of itself, at the same place.

    Args:
        pipe: the model at work, see :meth:`Pipeline.remake` for the plan's request.
        plan: where the film goes; what is there is replaced, see :func:`unfinished`.
        sidecar: of the clip.
        measure: look for events even if no sheet is wanted.
        advance: called with the number of sampling steps done since the last call.

    Raises:
        MediaError: if the film cannot be written.
    """
    was = sidecar.environment
    takes = list(replace(pipe, batch=was.batch).stream([plan.request] * was.batch, advance=advance))
    return _write(plan, takes[was.place], measure)


def _write(plan: Plan, take: Take, measure: bool) -> Film:
    """Write the film, its sheet and its sidecar: all of them or none."""
    make_folder(plan.film.parent)
    names = {"sheet": plan.sheet_path.name} if plan.sheet else {}
    film, sidecar = take.clip.as_film(plan.film, lossless=plan.lossless, **names)
    files = {plan.film: film}
    sync = measured(take.clip) if measure or plan.sheet else None
    if plan.sheet:
        events = None if sync is None else sync.events
        files[plan.sheet_path] = sheet_png(take.clip, title=plan.request.prompt, events=events)
    write_together({**files, plan.sidecar_path: sidecar.to_bytes()}, force=True)
    return Film(plan, replace(take, clip=replace(take.clip, sidecar=sidecar)), sync)

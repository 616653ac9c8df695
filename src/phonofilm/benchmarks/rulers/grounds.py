"""The takes that a calibration rests on: drawn scenes, and films of a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, islice
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.rulers.takes import FilmTake, SceneTake, Take, paired
from phonofilm.benchmarks.rulers.variants import USUAL_FPS, Variant, variants
from phonofilm.data.clapperboard import VERSION, Scene, sample_scene
from phonofilm.errors import MediaError
from phonofilm.media.read import read
from phonofilm.metrics._folder import films
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), USUAL_FPS, 64, 64, 16_000)


@dataclass(frozen=True)
class Ground:
    """Takes of one origin, and what is done to them.

    Attributes:
        title: in words.
        takes, variants: all of both are measured.
        about: all that decides the takes, as plain values.
        skipped: why a film is no take, by its name.
        fps: of the takes as they are, in words.
    """

    title: str
    takes: Sequence[Take]
    variants: tuple[Variant, ...]
    about: Mapping[str, Any]
    skipped: Mapping[str, str] = field(default_factory=dict)
    fps: str = f"{float(USUAL_FPS):g}"


def scenes(first_seed: int, n: int) -> list[Scene]:
    """Held-out scenes in which something is both seen and heard."""
    drawn = (sample_scene(seed, seconds=SHAPE.seconds, sample_rate=SHAPE.sample_rate) for seed in count(first_seed))
    return list(islice((one for one in drawn if any(e.visible and e.audible for e in one.events)), n))


def grounds(first_seed: int, n: int, clips: Path | None) -> list[Ground]:
    """Scenes, and films if a folder is named.

    Raises:
        MediaError: if no two films of the folder can be read and heard.
    """
    drawn = scenes(first_seed, n)
    about = {"clapperboard": VERSION, "scenes": [drawn[0].seed, drawn[-1].seed], "shape": str(SHAPE)}
    takes = [SceneTake(one, other, SHAPE) for one, other in paired(drawn)]
    found = [Ground("Clapperboard scenes", takes, variants(scenes=True), about)]
    return found if clips is None else [*found, _of_films(clips)]


def _of_films(folder: Path) -> Ground:
    """Films are read before they are paired, so that none gets the sound of one that has none."""
    every = films(folder)
    skipped = {film.path.name: reason for film in every if (reason := unfit(film.path))}
    good = [film for film in every if film.path.name not in skipped]
    if len(good) < 2:
        told = "; ".join(skipped.values()) or "there is one film only"
        raise MediaError(f"{folder} holds fewer than two films with picture and sound ({told}): put more there")
    takes = [FilmTake(one.path, other.path, one.prompt) for one, other in paired(good)]
    about = {"films": [take.name for take in takes]}
    return Ground("Films", takes, variants(scenes=False), about, skipped, "their own")


def unfit(path: Path) -> str | None:
    """Why a film cannot be calibrated on: it cannot be read, or lacks picture or sound; ``None`` if it can."""
    try:
        clip = read(path)
    except MediaError as error:
        return str(error)
    if clip.frames is None or not len(clip.frames):
        return f"{path} has no picture"
    if clip.audio is None or not clip.audio.size:
        return f"{path} has no sound"
    return None if clip.audio.any() else f"the sound of {path} is silence throughout"

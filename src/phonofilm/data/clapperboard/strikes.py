"""Scenes in which a tool is raised and brought down: drumstick, hammer, mallet on keys, boot, clapperboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.data.clapperboard.act import FLOOR, Act, Beat, Hit
from phonofilm.data.clapperboard.bodies import (
    Body,
    Face,
    Glow,
    Profile,
    disc,
    rectangle,
    round_above,
    round_below,
    straight,
    surface,
    tapered,
)
from phonofilm.data.clapperboard.materials import (
    CERAMIC,
    DRUM_SKIN,
    GLASS,
    GRAVEL,
    LEAVES,
    METAL,
    PLASTIC,
    WOOD,
    Material,
)
from phonofilm.data.clapperboard.motion import shaken, strokes, travel
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.data.clapperboard.track import Track

STICK, HEAD, BOOT, HANDLE = (244, 206, 120), (255, 112, 48), (156, 116, 226), (244, 206, 120)


@dataclass(frozen=True)
class Thing:
    """Something to strike: its word in captions, its outline and size."""

    word: str
    profile: Profile
    width: float
    height: float


_PIPE = (straight, 0.62, 0.16)
_BLOCK = (straight, 0.40, 0.26)
_PLATE = (straight, 0.56, 0.11)
_BOWL = (round_below, 0.48, 0.26)
_BUCKET = (tapered, 0.42, 0.28)
_HEAP = (round_above, 0.64, 0.24)
_DRUM = (straight, 0.52, 0.28)
THINGS: dict[str, tuple[Thing, ...]] = {
    WOOD.name: (Thing("block", *_BLOCK), Thing("plank", *_PLATE), Thing("box", *_BLOCK)),
    METAL.name: (Thing("pipe", *_PIPE), Thing("plate", *_PLATE), Thing("pot", *_BUCKET)),
    GLASS.name: (Thing("bowl", *_BOWL), Thing("jar", *_BUCKET), Thing("plate", *_PLATE)),
    CERAMIC.name: (Thing("bowl", *_BOWL), Thing("plate", *_PLATE), Thing("cup", *_BUCKET)),
    PLASTIC.name: (Thing("bucket", *_BUCKET), Thing("box", *_BLOCK), Thing("pipe", *_PIPE)),
    DRUM_SKIN.name: (Thing("drum", *_DRUM),),
    GRAVEL.name: (Thing("heap", *_HEAP), Thing("pile", *_HEAP)),
    LEAVES.name: (Thing("heap", *_HEAP), Thing("pile", *_HEAP)),
}


def _hits(beats: Sequence[Beat], source: str, voice: Voice, x: float, y: float) -> tuple[Hit, ...]:
    return tuple(Hit(beat.event(source, voice.material.name, x, y)) for beat in beats)


def _glows(beats: Sequence[Beat]) -> tuple[Glow, ...]:
    return tuple(beat.glow for beat in beats)


def _mirrored(faces: tuple[Face, ...], side: int) -> tuple[Face, ...]:
    """Faces drawn for a tool that comes from the right (+1), turned to come from the left (-1)."""
    return faces if side > 0 else tuple(Face(face.points * (-1, 1), face.colour) for face in faces)


def _swung(
    kind: str, tool: tuple[Face, ...], reach: float, drop: float, raised: float,
    material: Material, beats: Sequence[Beat], rng: np.random.Generator,
) -> Act:  # fmt: skip
    """A tool on a wrist ``reach`` beside and ``drop`` above the place where it strikes a thing."""
    thing = THINGS[material.name][int(rng.integers(len(THINGS[material.name])))]
    side = 1 if rng.random() < 0.5 else -1
    x, top = 0.5 - side * float(rng.uniform(0.08, 0.16)), FLOOR - thing.height
    voice = Voice.sample(material, rng)
    target = Body.at(
        thing.word, surface(material, thing.width, thing.height, thing.profile), x, top,
        y=shaken(beats, top, 0.035), glows=_glows(beats),
    )  # fmt: skip
    striker = Body.at(kind, _mirrored(tool, side), x + side * reach, top - drop, angle=strokes(beats, side * raised))
    words = {"thing": thing.word}
    return Act(kind, voice, (target, striker), _hits(beats, kind, voice, x, top), words)


def drumstick(material: Material, beats: Sequence[Beat], rng: np.random.Generator) -> Act:
    """A drumstick hits a thing of ``material``, which sounds."""
    reach, radius = 0.50, 0.065
    shaft = Face(np.array([(-reach, -0.030), (0.12, -0.050), (0.12, 0.050), (-reach, 0.030)]), STICK)
    tool = (shaft, disc(-reach, 0.0, radius, STICK))
    return _swung("drumstick", tool, reach, radius, 0.85, material, beats, rng)


def hammer(material: Material, beats: Sequence[Beat], rng: np.random.Generator) -> Act:
    """A hammer strikes a thing of ``material``, which sounds."""
    reach, half = 0.44, 0.16
    handle = rectangle(-reach, -0.035, 0.14, 0.035, HANDLE)
    head = rectangle(-reach - 0.085, -half, -reach + 0.085, half, HEAD)
    return _swung("hammer", (handle, head), reach, half, 0.95, material, beats, rng)


def keys(material: Material, beats: Sequence[Beat], rng: np.random.Generator) -> Act:
    """A mallet plays on four keys of ``material``; the shorter the key, the higher it sounds."""
    xs, top, radius = (0.17, 0.39, 0.61, 0.83), 0.60, 0.075
    played = [int(i) for i in rng.integers(4, size=len(beats))]
    voice = Voice.sample(material, rng)
    bars = tuple(
        _key(i, x, top, material, [beat for beat, key in zip(beats, played, strict=True) if key == i])
        for i, x in enumerate(xs)
    )
    mallet = (rectangle(-0.022, -0.42, 0.022, 0.0, STICK), disc(0.0, 0.0, radius, (240, 150, 40)))
    lift = strokes(beats, -0.34).scaled(1.0, top - radius)
    striker = Body.at("mallet", mallet, 0.0, 0.0, x=travel(beats, [xs[i] for i in played]), y=lift)
    hits = tuple(
        Hit(beat.event("mallet", material.name, xs[key], top), 2.0 ** (3 * key / 12))
        for beat, key in zip(beats, played, strict=True)
    )
    return Act("keys", voice, (*bars, striker), hits)


def _key(nth: int, x: float, top: float, material: Material, beats: Sequence[Beat]) -> Body:
    """One key, which sinks when it is played."""
    y = shaken(beats, top, 0.05) if beats else Track.still(top)
    return Body.at("key", surface(material, 0.185, 0.30 - 0.035 * nth), x, top, y=y, glows=_glows(beats))


def stamp(material: Material, beats: Sequence[Beat], rng: np.random.Generator) -> Act:
    """A boot stamps on ground of ``material``, which sounds."""
    x, top = 0.5 + float(rng.uniform(-0.08, 0.08)), 0.68
    voice = Voice.sample(material, rng)
    side = 1 if rng.random() < 0.5 else -1
    ground = Body.at("ground", surface(material, 0.86, 0.20), 0.5, top, y=shaken(beats, top, 0.03), glows=_glows(beats))
    boot = (
        rectangle(-0.09, -0.42, 0.09, -0.08, BOOT),
        rectangle(-0.24, -0.17, 0.09, 0.0, BOOT),
        rectangle(-0.24, -0.045, 0.09, 0.0, (90, 60, 150)),
    )
    striker = Body.at("boot", _mirrored(boot, side), x + side * 0.06, top, y=strokes(beats, -0.30).scaled(1.0, top))
    return Act("stamp", voice, (ground, striker), _hits(beats, "boot", voice, x, top))


def clapperboard(material: Material, beats: Sequence[Beat], rng: np.random.Generator) -> Act:
    """The arm of a clapperboard of ``material`` claps shut."""
    x, top = 0.5 + float(rng.uniform(-0.05, 0.05)), 0.50
    side = 1 if rng.random() < 0.5 else -1
    width, thick = 0.66, 0.115
    voice = Voice.sample(material, rng)
    slate = Body.at(
        "slate", surface(material, width, FLOOR - top), x, top, y=shaken(beats, top, 0.03), glows=_glows(beats)
    )
    dark = (30, 30, 36)
    stripes = tuple(rectangle(-width + s, -thick, -width + s + 0.11, 0.0, (250, 250, 250)) for s in (0.05, 0.27, 0.49))
    arm = (rectangle(-width, -thick, 0.0, 0.0, dark), *stripes)
    striker = Body.at("arm", _mirrored(arm, side), x + side * width / 2, top, angle=strokes(beats, side * 0.75))
    hits = _hits(beats, "clapperboard", voice, x - side * 0.2, top)
    return Act("clapperboard", voice, (slate, striker), hits)

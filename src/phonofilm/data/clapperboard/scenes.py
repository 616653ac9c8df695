"""A scene: everything that a seed decides, before any picture or sound is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from phonofilm.data.clapperboard import captions, falls, strikes, swings
from phonofilm.data.clapperboard.act import EARLIEST, GAP, LATEST, Act, Hit, Stage, pick_beats, pick_count
from phonofilm.data.clapperboard.materials import (
    CERAMIC,
    DRUM_SKIN,
    GLASS,
    GRAVEL,
    LEAVES,
    MATERIALS,
    METAL,
    PLASTIC,
    SOLIDS,
    WOOD,
    Colour,
    Material,
)
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.errors import SettingError
from phonofilm.events import Event
from phonofilm.shapes import ClipShape, exact, sample_of

VERSION = 1
"""Grows whenever a seed's scene, picture or sound changes."""
HELD_OUT = 1_000_000_000
"""Seeds from here on are never trained on."""
SHORTEST = Fraction(1)
BACKDROPS: tuple[Colour, ...] = ((40, 46, 68), (34, 62, 66), (66, 44, 62), (64, 62, 58))
SILENT = TWO = AWAY = 0.06
"""Shares of silent scenes, of scenes with two sources, and of scenes with a sound off screen."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A sounding scene.

    Attributes:
        seed: what it was made from.
        seconds: its length.
        sample_rate: the clock of its events.
        acts: one per source.
        backdrop: colour behind everything.
        caption: what happens, in words.
        silent: its events are seen and not heard.
    """

    seed: int
    seconds: Fraction
    sample_rate: int
    acts: tuple[Act, ...]
    backdrop: Colour
    caption: str
    silent: bool

    @property
    def kind(self) -> str:
        """Kind of the first source's act."""
        return self.acts[0].kind

    @property
    def material(self) -> str:
        """Material of the first source."""
        return self.acts[0].material

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event in order of time, placed in a square picture."""
        return tuple(sorted((hit.event for act in self.acts for hit in act.hits), key=lambda e: e.sample))

    @property
    def several_sources(self) -> bool:
        """Two sources are seen."""
        return sum(bool(act.bodies) for act in self.acts) > 1

    @property
    def off_screen(self) -> bool:
        """A source is heard and not seen."""
        return any(not event.visible for event in self.events)

    def events_in(self, shape: ClipShape) -> tuple[Event, ...]:
        """The events on the sample clock and in the picture of a clip of ``shape``."""
        side = min(shape.height, shape.width)

        def fit(event: Event) -> Event:
            event = replace(event, sample=sample_of(event.time, shape.sample_rate), sample_rate=shape.sample_rate)
            if not event.visible:  # stays outside, however wide the picture
                return event
            x = 0.5 + (event.x - 0.5) * side / shape.width
            y = 0.5 + (event.y - 0.5) * side / shape.height
            return replace(event, x=x, y=y)

        return tuple(map(fit, self.events))


def _struck(build: Callable) -> Callable[[Stage, Material, int, np.random.Generator], Act]:
    return lambda stage, material, count, rng: build(material, pick_beats(stage, count, rng), rng)


@dataclass(frozen=True)
class _Kind:
    """How often a kind comes up, of which materials, and what makes it."""

    share: float
    materials: tuple[Material, ...]
    build: Callable[[Stage, Material, int, np.random.Generator], Act]


_EVERY = (WOOD, METAL, GLASS, CERAMIC, PLASTIC, DRUM_SKIN, GRAVEL, LEAVES)
_CASES = (WOOD, METAL, PLASTIC)
KINDS: dict[str, _Kind] = {
    "drumstick": _Kind(0.20, (*_EVERY, METAL, DRUM_SKIN, DRUM_SKIN), _struck(strikes.drumstick)),
    "hammer": _Kind(0.12, (*_EVERY, GRAVEL, LEAVES), _struck(strikes.hammer)),
    "bounce": _Kind(0.18, SOLIDS, lambda stage, material, _count, rng: falls.bounce(stage, material, rng)),
    "blocks": _Kind(0.09, SOLIDS, falls.blocks),
    "stamp": _Kind(
        0.12, (WOOD, METAL, CERAMIC, GRAVEL, GRAVEL, GRAVEL, LEAVES, LEAVES, LEAVES), _struck(strikes.stamp)
    ),
    "keys": _Kind(0.09, SOLIDS, _struck(strikes.keys)),
    "clapperboard": _Kind(0.07, _CASES, _struck(strikes.clapperboard)),
    "cradle": _Kind(0.07, SOLIDS, swings.cradle),
    "metronome": _Kind(0.06, _CASES, swings.metronome),
}
_PAIRABLE = {"drumstick": strikes.drumstick, "hammer": strikes.hammer, "stamp": strikes.stamp}


def _one(stage: Stage, rng: np.random.Generator) -> Act:
    """A scene's only act."""
    names = tuple(KINDS)
    shares = np.array([KINDS[name].share for name in names])
    kind = KINDS[names[int(rng.choice(len(names), p=shares / shares.sum()))]]
    material = kind.materials[int(rng.integers(len(kind.materials)))]
    return kind.build(stage, material, pick_count(rng), rng)


def _two(stage: Stage, rng: np.random.Generator) -> tuple[Act, ...]:
    """Two acts side by side, in turns, of different materials."""
    beats = pick_beats(stage, int(rng.integers(2, 5)), rng)
    turns = rng.permutation([i % 2 for i in range(len(beats))])
    materials = rng.permutation(len(MATERIALS))[:2]
    acts = []
    for side in range(2):
        material = tuple(MATERIALS.values())[int(materials[side])]
        names = [name for name in _PAIRABLE if material in KINDS[name].materials]
        build = _PAIRABLE[names[int(rng.integers(len(names)))]]
        own = tuple(beat for beat, turn in zip(beats, turns, strict=True) if turn == side)
        acts.append(build(material, own, rng).placed(0.6, (-0.05, 0.45)[side], 0.344))
    return tuple(acts)


def _away(stage: Stage, act: Act, rng: np.random.Generator) -> Act | None:
    """One hit off screen on another material, clear of the events of ``act``; None if there is no room."""
    taken = [float(hit.event.time) for hit in act.hits]
    first, last = EARLIEST + 0.05, float(stage.seconds) - LATEST - 0.1
    free = [t for t in np.arange(first, last, 0.01) if all(abs(t - other) > GAP + 0.02 for other in taken)]
    if not free:
        return None
    names = [name for name in MATERIALS if name != act.material]
    voice = Voice.sample(MATERIALS[names[int(rng.integers(len(names)))]], rng)
    beat = stage.beat(float(free[int(rng.integers(len(free)))]), round(float(rng.uniform(0.5, 1.0)), 3))
    event = replace(beat.event("off screen", voice.material.name, float(rng.choice([-0.3, 1.3])), 0.5), visible=False)
    return Act("off screen", voice, (), (Hit(event),))


def training_seeds(first_seed: int, count: int) -> range:
    """Seeds of scenes that a model may learn from.

    Raises:
        SettingError: if any of them is kept for evaluation.
    """
    seeds = range(first_seed, first_seed + count)
    if seeds.stop > HELD_OUT:
        raise SettingError(
            f"scenes from {HELD_OUT} on are kept for evaluation: choose a first_seed of at most {HELD_OUT - count}"
        )
    return seeds


def sample_scene(seed: int, *, seconds: Fraction | int | str = Fraction(2), sample_rate: int = 16000) -> Scene:
    """The scene of ``seed``.

    Args:
        seed: any number from 0; see :data:`HELD_OUT`.
        seconds: length, at least one second.
        sample_rate: event times are whole samples at this rate.

    Raises:
        SettingError: for a negative seed, less than a second, or a rate below 1000.
    """
    if seed < 0:
        raise SettingError(f"a scene's seed is 0 or more, not {seed}: choose another seed")
    if exact(seconds) < SHORTEST:
        raise SettingError(f"a scene lasts at least {SHORTEST} s, not {seconds}: choose more seconds")
    if sample_rate < 1000:
        raise SettingError(f"a scene's sample rate is at least 1000, not {sample_rate}: choose 16000")
    stage = Stage(exact(seconds), sample_rate)
    rng = np.random.default_rng([VERSION, seed])
    lot = float(rng.random())
    backdrop = BACKDROPS[int(rng.integers(len(BACKDROPS)))]
    acts = _two(stage, rng) if lot < TWO else (_one(stage, rng),)
    words = " while ".join(captions.caption(act, rng) for act in acts)
    silent = TWO <= lot < TWO + SILENT
    if silent:
        acts = tuple(act.with_events(audible=False) for act in acts)
        words += " " + captions.silence(rng)
    if TWO + SILENT <= lot < TWO + SILENT + AWAY and (other := _away(stage, acts[0], rng)) is not None:
        acts = (*acts, other)
        words += " " + captions.off_screen(other, rng)
    return Scene(seed, stage.seconds, sample_rate, acts, backdrop, words, silent)

"""Captions: several ways to say the same thing, from a small vocabulary."""

from __future__ import annotations

import numpy as np

from phonofilm.data.clapperboard.act import Act
from phonofilm.data.clapperboard.materials import DRUM_SKIN, Material

COUNTS = ("once", "twice", "three times", "four times", "five times")
NUMBERS = ("one", "two", "three", "four", "five")

TEMPLATES: dict[str, tuple[str, ...]] = {
    "drumstick": (
        "a drumstick hits {thing} {times}",
        "a drumstick strikes {thing} {times}",
        "a drumstick taps {thing} {times}",
        "{thing} is hit {times} with a drumstick",
        "a stick beats {thing} {times}",
    ),
    "hammer": (
        "a hammer strikes {thing} {times}",
        "a hammer hits {thing} {times}",
        "a hammer pounds {thing} {times}",
        "{thing} is struck {times} with a hammer",
    ),
    "keys": (
        "a mallet plays {keys} {times}",
        "a mallet hits {keys} {times}",
        "a mallet strikes {keys} {times}",
        "someone plays {number} on {keys}",
    ),
    "stamp": (
        "a boot stamps on {ground} {times}",
        "a boot steps on {ground} {times}",
        "a foot stamps {times} on {ground}",
        "someone stamps on {ground} {times}",
    ),
    "clapperboard": (
        "a {adjective} clapperboard claps {times}",
        "a clapperboard made of {material} claps {times}",
        "a {adjective} clapperboard snaps shut {times}",
        "a {adjective} slate claps {times}",
    ),
    "bounce": (
        "a {adjective} ball bounces on {floor} {times}",
        "a {adjective} ball bounces {times} on {floor}",
        "a ball made of {material} bounces on {floor} {times}",
        "a {adjective} ball drops and bounces on {floor} {times}",
        "a {adjective} ball falls on a {floor} floor and hits it {times}",
    ),
    "blocks": (
        "{blocks} {landing}",
        "{blocks} down {landing}",
        "{blocks} and land {landing}",
    ),
    "cradle": (
        "hanging {adjective} balls click {times}",
        "a cradle of {adjective} balls clicks {times}",
        "{adjective} balls on strings swing and collide {times}",
        "a swinging {adjective} ball hits another {times}",
    ),
    "metronome": (
        "a {adjective} metronome ticks {times}",
        "a metronome made of {material} ticks {times}",
        "the arm of a {adjective} metronome swings and ticks {times}",
    ),
}
"""Ways to say what happens in a scene of each kind.

The sounding thing is the one whose material is named: the ball and not the floor that it bounces on, the struck
thing and not the tool. A floor's material stands after "on" or before "floor".
"""
SILENCE = ("without a sound", "in silence", "silently")
OFF_SCREEN = ("while {thing} is hit off screen", "and {thing} is struck off screen", "with {thing} sounding off screen")


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def thing(struck: Material, word: str | None, rng: np.random.Generator) -> str:
    """A struck thing, or just its material: "a metal pipe", "a drum skin", "a pile of leaves", "glass"."""
    if struck is DRUM_SKIN:
        return "a drum skin" if rng.random() < 0.6 else "a drum"
    if word is None:
        return struck.name
    if struck.loose:
        return struck.name if rng.random() < 0.4 else f"a {word} of {struck.name}"
    return f"a {word} made of {struck.name}" if rng.random() < 0.15 else f"a {_adjective(struck, rng)} {word}"


def _adjective(struck: Material, rng: np.random.Generator) -> str:
    """One of the words for the material before a noun: "wooden" or "wood"; most have but one."""
    return struck.adjective if rng.random() < 0.5 else struck.name


def _slots(act: Act, rng: np.random.Generator) -> dict[str, str]:
    """Every slot that a template may ask for; the count is left unsaid now and then."""
    count, struck = len(act.hits), act.voice.material
    number, adjective = NUMBERS[count - 1], _adjective(struck, rng)
    return {
        "times": COUNTS[count - 1] if rng.random() < 0.7 else "",
        "number": f"{number} note" if count == 1 else f"{number} notes",
        "material": struck.name,
        "adjective": adjective,
        "thing": thing(struck, act.words.get("thing"), rng),
        "keys": f"{adjective} keys" if rng.random() < 0.6 else f"{adjective} bars",
        "ground": struck.name if struck.loose else f"a {adjective} floor",
        "blocks": f"a {adjective} block falls" if count == 1 else f"{number} {adjective} blocks fall",
        "floor": act.words.get("floor", ""),
        "landing": act.words.get("landing", ""),
    }


def caption(act: Act, rng: np.random.Generator) -> str:
    """What ``act`` does, in words."""
    words = _pick(TEMPLATES[act.kind], rng).format(**_slots(act, rng))
    return " ".join(words.split())


def silence(rng: np.random.Generator) -> str:
    """Says that nothing is heard."""
    return _pick(SILENCE, rng)


def off_screen(act: Act, rng: np.random.Generator) -> str:
    """Says what is heard and not seen."""
    return _pick(OFF_SCREEN, rng).format(thing=thing(act.voice.material, None, rng))

"""Captions: several ways to say the same thing, from a small vocabulary."""

from __future__ import annotations

import numpy as np

from phonofilm.data.clapperboard.act import Act
from phonofilm.data.clapperboard.materials import MATERIALS, material

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
        "a {material} clapperboard claps {times}",
        "a clapperboard made of {material} claps {times}",
        "a {material} clapperboard snaps shut {times}",
        "a {material} slate claps {times}",
    ),
    "bounce": (
        "a {material} ball bounces on {floor} {times}",
        "a {material} ball bounces {times} on {floor}",
        "a ball made of {material} bounces on {floor} {times}",
        "a {material} ball drops and bounces on {floor} {times}",
        "a {material} ball falls on a {floor} floor and hits it {times}",
    ),
    "blocks": (
        "{blocks} on the floor",
        "{blocks} down",
        "{blocks} and land",
    ),
    "cradle": (
        "hanging {material} balls click {times}",
        "a cradle of {material} balls clicks {times}",
        "{material} balls on strings swing and collide {times}",
        "a swinging {material} ball hits another {times}",
    ),
    "metronome": (
        "a {material} metronome ticks {times}",
        "a metronome made of {material} ticks {times}",
        "the arm of a {material} metronome swings and ticks {times}",
    ),
}
SILENCE = ("without a sound", "in silence", "silently")
OFF_SCREEN = ("while {thing} is hit off screen", "and {thing} is struck off screen", "with {thing} sounding off screen")


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def thing(name: str, word: str | None, rng: np.random.Generator) -> str:
    """A struck thing of material ``name``: "a metal pipe", "a drum skin", "a pile of leaves"."""
    own = material(name)
    if own.loose:
        return name if word is None or rng.random() < 0.4 else f"{_article(word)} of {name}"
    if name == "drum skin":
        return "a drum skin" if word is None or rng.random() < 0.6 else "the skin of a drum skin".removesuffix(" skin")
    if word is None:
        return name
    adjective = own.adjective if rng.random() < 0.5 else name
    return f"{_article(word)} made of {name}" if rng.random() < 0.15 else f"{_article(adjective)} {word}"


def _slots(act: Act, rng: np.random.Generator) -> dict[str, str]:
    """Every slot that a template may ask for; the count is left unsaid now and then."""
    count = len(act.hits)
    name = act.material
    noun = "note" if count == 1 else "notes"
    blocks = "a {m} block falls" if count == 1 else NUMBERS[count - 1] + " {m} blocks fall" if count <= 5 else ""
    m = MATERIALS[name].adjective if rng.random() < 0.4 else name
    return {
        "times": COUNTS[count - 1] if rng.random() < 0.7 else "",
        "number": f"{NUMBERS[count - 1]} {noun}",
        "material": name if act.kind != "clapperboard" or rng.random() < 0.5 else name,
        "floor": act.words.get("floor", ""),
        "thing": thing(name, act.words.get("thing"), rng),
        "keys": f"{m} keys" if rng.random() < 0.6 else f"{m} bars",
        "ground": name if MATERIALS[name].loose else f"a {m} floor",
        "blocks": blocks.format(m=m),
    }


def caption(act: Act, rng: np.random.Generator) -> str:
    """What ``act`` does, in words; a template that says "made of" keeps the material's noun."""
    return " ".join(_pick(TEMPLATES[act.kind], rng).format(**_slots(act, rng)).split())


def silence(rng: np.random.Generator) -> str:
    """Says that nothing is heard."""
    return _pick(SILENCE, rng)


def off_screen(act: Act, rng: np.random.Generator) -> str:
    """Says what is heard and not seen."""
    return _pick(OFF_SCREEN, rng).format(thing=thing(act.material, None, rng))

"""Values on the command line that are more than one word."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer

from phonofilm.errors import SettingError, unknown_name
from phonofilm.pair import AV
from phonofilm.shapes import exact, number

SIDES = AV("video", "audio")


def name(text: str) -> str:
    """A name; the empty one, as from a shell variable without a value, is a mistake and stands for nothing else."""
    if not text:
        raise typer.BadParameter("it is empty: give a name, or leave the option out")
    return text


def path(text: str | Path) -> Path:
    """The path of that :func:`name`; Python takes the empty one for the folder that one is in."""
    return Path(name(str(text)))


def scales(text: str) -> AV[float | None]:
    """``"7.5"`` for both modalities, or ``"video=7.5,audio=2.5"``; a side left out is ``None``.

    Raises:
        SettingError: for anything else.
    """
    if "=" not in text:
        return AV.both(_number(text))
    given: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name.strip() not in SIDES:
            raise unknown_name("side of --guidance", name.strip(), SIDES)
        if name.strip() in given:
            raise SettingError(f"--guidance names {name.strip()} twice: write one scale for each side")
        given[name.strip()] = _number(value)
    return SIDES.map(given.get)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingError(
            f"{text!r} is not a number: write --guidance 7.5 or --guidance video=7.5,audio=2.5"
        ) from None


def interval(text: str) -> tuple[float, float]:
    """``"0.2:0.8"``: two numbers.

    Raises:
        SettingError: for anything else.
    """
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError:
        raise SettingError(f"{text!r} is no guidance interval: write two noise fractions such as 0.2:0.8") from None


def fraction(text: str | None, option: str) -> Fraction | None:
    """``"2"``, ``"2.5"`` or ``"24000/1001"`` exactly.

    Raises:
        SettingError: for anything else.
    """
    return None if text is None else number(text, option)


KINDS: dict[str, Callable[[str], Any]] = {
    "steps": int,
    "gamma": float,
    "guidance": float,
    "video": float,
    "audio": float,
    "sampler": str,
    "seconds": exact,
    "fps": exact,
    "negative": str,
    "guidance_interval": interval,
}


def assignments(text: str) -> dict[str, Any]:
    """Sampling settings from ``"gamma=1.5,steps=10"``; ``video`` and ``audio`` are one side's guidance.

    Raises:
        SettingError: for an unknown setting (the nearest name is offered) or a value of the wrong kind.
    """
    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in KINDS:
            raise unknown_name("setting", name, KINDS)
        if name in found:
            raise SettingError(f"{text!r} sets {name} twice: leave one out")
        try:
            found[name] = KINDS[name](value)
        except (ValueError, ZeroDivisionError):
            raise SettingError(f"{part!r} is not a setting: write for example gamma=1.5,steps=25") from None
    sides = SIDES.map(lambda side: found.pop(side, None))
    return found if sides == AV(None, None) else {**found, "guidance": sides}


def named(text: str, option: str, complaint: str, example: str) -> tuple[str, str]:
    """The two sides of NAME=PLACE.

    Args:
        text: as it was typed.
        option: that it was given to.
        complaint: what is wrong where it has not two sides, in words that follow it.
        example: of one that has.

    Raises:
        SettingError: if it has not two sides.
    """
    name, equals, place = text.partition("=")
    if not (name and equals and place):
        raise SettingError(f"{option} {text!r} {complaint}: write for example {option} {example}")
    return name, place


def weights(texts: list[str] | None) -> dict[str, str]:
    """Weights of published networks as ``--weights NAME=PATH`` names them, by name.

    Raises:
        SettingError: for anything else, or if a network is named twice.
    """
    found = dict(
        named(text, "--weights", "names no weights, it is not NAME=PATH", "imagebind=FILE") for text in texts or ()
    )
    if len(found) < len(texts or ()):
        raise SettingError("a network's weights are named twice: give each --weights NAME=PATH once")
    return found

"""Values on the command line that are more than one word."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from phonofilm.errors import SettingError, unknown_name
from phonofilm.pair import AV
from phonofilm.shapes import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

SIDES = AV("video", "audio")


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
        given[name.strip()] = _number(value)
    return SIDES.map(given.get)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingError(
            f"{text!r} is not a number: write --guidance 7.5 or --guidance video=7.5,audio=2.5"
        ) from None


def fraction(text: str | None, option: str) -> Fraction | None:
    """``"2"``, ``"2.5"`` or ``"24000/1001"`` exactly.

    Raises:
        SettingError: for anything else.
    """
    try:
        return None if text is None else exact(text)
    except (ValueError, ZeroDivisionError):
        raise SettingError(f"{option} {text!r} is not a number: write for example 2, 2.5 or 24000/1001") from None


def listing(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]

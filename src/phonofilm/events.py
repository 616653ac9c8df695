"""Events: the moments at which something both moves and sounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Event:
    """One physical event with its exact time.

    Attributes:
        sample: index of the audio sample at which it happens; exact.
        sample_rate: samples a second that ``sample`` counts in.
        source: which body sounds ("ball", "drumstick", ...).
        material: what the struck thing is made of ("wood", "glass", ...).
        strength: loudness relative to the loudest possible event, in (0, 1].
        x, y: place in the picture as fractions of width and height, origin top left;
            outside [0, 1] for events off screen.
        pan: -1 (left) to 1 (right).
        visible: the event can be seen in the picture.
        audible: the event can be heard in the sound.
    """

    sample: int
    sample_rate: int
    source: str
    material: str
    strength: float
    x: float
    y: float
    pan: float
    visible: bool = True
    audible: bool = True

    @property
    def time(self) -> Fraction:
        """Exact time in seconds."""
        return Fraction(self.sample, self.sample_rate)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Any) -> Event:
        """The event that :meth:`to_json` wrote.

        Raises:
            ValueError: naming the fields that are missing, unknown or make no sense.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(row, dict):
            raise ValueError(f"an event is an object of {', '.join(sorted(names))}, not {row!r}")
        if row.keys() != names:
            raise ValueError(f"missing or unknown fields of an event: {', '.join(sorted(names ^ row.keys()))}")
        for name, (wanted, fits) in _FIELDS.items():
            if not fits(row[name]):
                raise ValueError(f"{name} of an event is {row[name]!r}, not {wanted}")
        return cls(**row)


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _words(value: Any) -> bool:
    return isinstance(value, str)


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _either(value: Any) -> bool:
    return isinstance(value, bool)


_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "sample": ("a whole number from 0", _whole(0)),
    "sample_rate": ("a whole number from 1", _whole(1)),
    **dict.fromkeys(("source", "material"), ("words", _words)),
    **dict.fromkeys(("strength", "x", "y", "pan"), ("a number", _finite)),
    **dict.fromkeys(("visible", "audible"), ("true or false", _either)),
}

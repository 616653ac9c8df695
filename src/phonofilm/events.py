"""Events: the moments at which something both moves and sounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    def from_json(cls, row: dict[str, Any]) -> Event:
        """The event that :meth:`to_json` wrote."""
        return cls(**row)

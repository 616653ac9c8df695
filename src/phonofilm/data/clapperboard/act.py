"""What one source does in a scene, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from phonofilm.data.clapperboard.bodies import Body, Glow
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.events import Event

EARLIEST, LATEST = 0.15, 0.10
"""No event in the first and in the last so many seconds."""
GAP = 0.25
"""Events are at least so many seconds apart, those of different sources too."""
FLOOR = 0.86
"""Height of the ground in every scene."""


@dataclass(frozen=True)
class Stage:
    """The clock of a scene: its length and the sample rate that event times are whole samples of."""

    seconds: Fraction
    sample_rate: int

    def sample(self, time: float) -> int:
        """The sample nearest to ``time`` seconds."""
        return round(time * self.sample_rate)

    def beat(self, time: float, strength: float) -> Beat:
        """A beat at the sample nearest to ``time``."""
        return Beat(self.sample(time), self.sample_rate, strength)

    def allows(self, times: list[float]) -> bool:
        """Whether events may happen at these times, in order."""
        inside = all(EARLIEST <= t <= float(self.seconds) - LATEST for t in times)
        return inside and all(b - a >= GAP + 1e-3 for a, b in pairwise(times))


@dataclass(frozen=True)
class Beat:
    """An impact's sample and its strength in (0, 1]."""

    sample: int
    sample_rate: int
    strength: float

    @property
    def time(self) -> float:
        """The sample's time in seconds."""
        return self.sample / self.sample_rate

    @property
    def glow(self) -> Glow:
        """How the struck thing lights up."""
        return Glow(self.time, self.strength)

    def event(self, source: str, material: str, x: float, y: float) -> Event:
        """The event of this beat at (x, y) in the scene's unit square."""
        event = Event(self.sample, self.sample_rate, source, material, self.strength, x, y, 0.0)
        return moved_event(event, x, y)


def moved_event(event: Event, x: float, y: float) -> Event:
    """The event at another place, panned accordingly; places are rounded to 1e-4."""
    x, y = round(float(x), 4), round(float(y), 4)
    return replace(event, x=x, y=y, pan=round(min(1.0, max(-1.0, 2 * x - 1)), 4))


@dataclass(frozen=True)
class Hit:
    """One event beside the factor on its voice's pitch."""

    event: Event
    pitch: float = 1.0


@dataclass(frozen=True, eq=False)
class Act:
    """One source with all that it does.

    Attributes:
        kind: which kind of scene it is ("drumstick", "bounce", ...).
        voice: the sound of the struck thing; its material is the act's.
        bodies: from back to front.
        hits: in order of time.
        words: what the caption calls things, by slot of its templates.
    """

    kind: str
    voice: Voice
    bodies: tuple[Body, ...]
    hits: tuple[Hit, ...]
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def material(self) -> str:
        """Name of the sounding material."""
        return self.voice.material.name

    def placed(self, scale: float, dx: float, dy: float) -> Act:
        """The act shrunk by ``scale`` and then moved by (dx, dy)."""

        def put(hit: Hit) -> Hit:
            return replace(hit, event=moved_event(hit.event, scale * hit.event.x + dx, scale * hit.event.y + dy))

        return replace(
            self, bodies=tuple(b.placed(scale, dx, dy) for b in self.bodies), hits=tuple(map(put, self.hits))
        )

    def with_events(self, **changes: object) -> Act:
        """The act with fields of all its events replaced."""
        return replace(self, hits=tuple(replace(h, event=replace(h.event, **changes)) for h in self.hits))


def pick_beats(stage: Stage, count: int, rng: np.random.Generator) -> tuple[Beat, ...]:
    """``count`` beats (or as many as fit) at random or regular times, with the margins and gaps that scenes keep."""
    first, last, gap = 0.30, float(stage.seconds) - 0.20, 0.30
    count = max(1, min(count, 1 + int((last - first) / gap)))
    slack = last - first - gap * (count - 1)
    if rng.random() < 0.5:
        stretch = slack * rng.random() / max(count - 1, 1)
        start = first + (slack - stretch * (count - 1)) * rng.random()
        times = start + (gap + stretch) * np.arange(count)
    else:
        times = first + np.sort(rng.random(count)) * slack + gap * np.arange(count)
    return tuple(stage.beat(float(t), round(float(rng.uniform(0.5, 1.0)), 3)) for t in times)


def pick_count(rng: np.random.Generator) -> int:
    """How many impacts: one to five, few more often."""
    return int(rng.choice(5, p=(0.20, 0.30, 0.25, 0.15, 0.10))) + 1

"""Things in a scene: convex coloured faces that move together.

Scene coordinates: the unit square, x to the right, y down, whatever the picture's size. It is drawn into the
largest square in the middle of the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from phonofilm.data.clapperboard.materials import Colour, Material
from phonofilm.data.clapperboard.track import Track

Profile = Callable[[np.ndarray], np.ndarray]
"""Half width of an outline, in units of its greatest, at a fraction of its height from the top."""


@dataclass(frozen=True, eq=False)
class Face:
    """A convex polygon ``points`` ``(corner, 2)`` in the body's own coordinates, of one colour (RGB)."""

    points: np.ndarray
    colour: Colour


@dataclass(frozen=True)
class Glow:
    """The body lights up at ``time`` seconds, with ``strength`` in (0, 1], and fades."""

    time: float
    strength: float


@dataclass(frozen=True, eq=False)
class Body:
    """One rigid (but for ``squash``) thing.

    Attributes:
        name: what it is ("ball", "drumstick", ...).
        faces: drawn in this order, around the body's own origin.
        x, y: where that origin is.
        angle: turn about the origin in radians, clockwise on screen.
        squash: height factor about the origin (width takes the inverse).
        glows: moments at which it lights up because it is struck.
    """

    name: str
    faces: tuple[Face, ...]
    x: Track
    y: Track
    angle: Track
    squash: Track
    glows: tuple[Glow, ...] = ()

    @classmethod
    def at(
        cls, name: str, faces: tuple[Face, ...], start_x: float, start_y: float, *,
        x: Track | None = None, y: Track | None = None, angle: Track | None = None, squash: Track | None = None,
        glows: tuple[Glow, ...] = (),
    ) -> Body:  # fmt: skip
        """A body that stands at (start_x, start_y) but for the motions that are given."""
        return cls(
            name,
            faces,
            x or Track.still(start_x),
            y or Track.still(start_y),
            angle or Track.still(0.0),
            squash or Track.still(1.0),
            glows,
        )

    @property
    def moves(self) -> bool:
        """Whether its picture ever changes."""
        return bool(self.glows) or any(t.moves for t in (self.x, self.y, self.angle, self.squash))

    def placed(self, scale: float, dx: float, dy: float) -> Body:
        """The body in a scene shrunk by ``scale`` and then moved by (dx, dy)."""
        faces = tuple(Face(face.points * scale, face.colour) for face in self.faces)
        return replace(self, faces=faces, x=self.x.scaled(scale, dx), y=self.y.scaled(scale, dy))


def rectangle(left: float, top: float, right: float, bottom: float, colour: Colour) -> Face:
    """An upright rectangle."""
    return Face(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64), colour)


def disc(x: float, y: float, radius: float, colour: Colour) -> Face:
    """A disc, as a polygon with 28 corners."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return Face(np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=-1), colour)


def straight(down: np.ndarray) -> np.ndarray:
    """Profile of a box."""
    return np.ones_like(down)


def tapered(down: np.ndarray) -> np.ndarray:
    """Profile of a bucket: narrower towards the bottom."""
    return 1 - 0.3 * down


def widening(down: np.ndarray) -> np.ndarray:
    """Profile of a metronome: wider towards the bottom."""
    return 0.35 + 0.65 * down


def round_below(down: np.ndarray) -> np.ndarray:
    """Profile of a bowl: widest at the rim, closing to a foot."""
    return np.maximum(np.sqrt(np.clip(1 - down**2, 0, 1)), 0.35)


def round_above(down: np.ndarray) -> np.ndarray:
    """Profile of a heap: an arch with a flat foot."""
    return np.sqrt(np.clip(1 - (1 - down) ** 2, 0, 1)) * 0.75 + 0.25


def circular(down: np.ndarray) -> np.ndarray:
    """Profile of a ball."""
    return np.sqrt(np.clip(1 - (2 * down - 1) ** 2, 0, 1))


def surface(material: Material, width: float, height: float, profile: Profile = straight) -> tuple[Face, ...]:
    """Faces of a thing of ``material`` with its texture; the origin is the middle of its upper edge."""

    def piece(colour: Colour, top: float, bottom: float, left: float, right: float) -> Face:
        down = np.linspace(top, bottom, 2 if profile in (straight, tapered, widening) else 13)
        half = profile(down) * width / 2
        edge = np.stack([half, down * height], axis=-1)
        return Face(np.concatenate([edge * (left, 1), edge[::-1] * (right, 1)]), colour)

    whole = piece(material.colour, 0.0, 1.0, -1.0, 1.0)
    return (whole, *(piece(p.colour, p.top, p.bottom, p.left, p.right) for p in material.patches))


def moved(faces: tuple[Face, ...], dx: float, dy: float) -> tuple[Face, ...]:
    """The faces shifted by (dx, dy)."""
    return tuple(Face(face.points + np.array([dx, dy]), face.colour) for face in faces)

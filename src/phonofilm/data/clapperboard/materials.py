"""What things are made of: the words, the look and the sound of each material.

The sounds follow the shape of Traer, Cusimano and McDermott, "A perceptually inspired generative model of
rigid-body contact sounds" (DAFx 2019): a struck rigid body is a sum of exponentially decaying modes whose decay
rate grows with frequency, and materials differ in decay, brightness and spacing of the modes. Loose materials
(gravel, leaves) are showers of short grains with one sharp attack.
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Patch:
    """A stripe or speck of another colour on a surface.

    ``top``, ``bottom`` are fractions of the surface's height; ``left``, ``right`` run from -1 to 1 across its width.
    """

    colour: Colour
    top: float
    bottom: float
    left: float = -1.0
    right: float = 1.0


@dataclass(frozen=True)
class Ringing:
    """Modal sound of a rigid body.

    Attributes:
        pitch: range of the lowest mode in Hz.
        ratios: frequency of each mode relative to the lowest.
        seconds: time in which the lowest mode decays by 60 dB.
        damping: power of frequency with which the decay rate grows (0 = all modes decay alike).
        tilt: power of the mode's ratio with which its amplitude falls (0 = bright).
        burst: level of the contact's noise burst relative to the modes.
        burst_seconds: time constant of the burst.
        burst_band: the burst's band in Hz.
    """

    pitch: tuple[float, float]
    ratios: tuple[float, ...]
    seconds: float
    damping: float
    tilt: float
    burst: float
    burst_seconds: float
    burst_band: tuple[float, float]


@dataclass(frozen=True)
class Shower:
    """Sound of loose matter: random grains whose density and size die away after a sharp attack.

    Attributes:
        rate: grains a second at the start.
        seconds: time constant of the decay.
        band: band of each grain in Hz.
        attack: size of the first grain relative to the others.
    """

    rate: float
    seconds: float
    band: tuple[float, float]
    attack: float


@dataclass(frozen=True)
class Material:
    """One material.

    Attributes:
        name: as it stands in :attr:`phonofilm.events.Event.material`.
        adjective: as captions put it before a thing ("wooden").
        colour: main colour, RGB.
        patches: the texture.
        sound: how it sounds when struck.
    """

    name: str
    adjective: str
    colour: Colour
    patches: tuple[Patch, ...]
    sound: Ringing | Shower

    @property
    def loose(self) -> bool:
        """Grains rather than one body."""
        return isinstance(self.sound, Shower)


def _specks(colours: tuple[Colour, ...], places: tuple[tuple[float, float], ...], size: float) -> tuple[Patch, ...]:
    """Specks of alternating colours centred on ``places`` (across in [-1, 1], down in [0, 1])."""
    return tuple(
        Patch(colours[i % len(colours)], y - size, y + size, x - 1.1 * size, x + 1.1 * size)
        for i, (x, y) in enumerate(places)
    )


_SCATTER = (
    (-0.75, 0.80), (-0.50, 0.45), (-0.20, 0.25), (-0.30, 0.75), (0.05, 0.55), (0.25, 0.22), (0.30, 0.80), (0.55, 0.50),
    (0.78, 0.80),
)  # fmt: skip

WOOD = Material(
    "wood",
    "wooden",
    (150, 92, 44),
    (Patch((98, 56, 24), 0.18, 0.32), Patch((98, 56, 24), 0.50, 0.62), Patch((98, 56, 24), 0.80, 0.90)),
    Ringing((380, 620), (1, 2.57, 4.1, 6.3, 8.9), 0.14, 0.6, 0.9, 0.35, 0.004, (300, 3000)),
)
METAL = Material(
    "metal",
    "metal",
    (104, 122, 150),
    (Patch((214, 224, 240), 0.14, 0.36), Patch((62, 74, 98), 0.78, 1.0)),
    Ringing((620, 980), (1, 1.006, 2.756, 2.77, 5.404, 8.93), 1.5, 0.35, 0.35, 0.15, 0.002, (2000, 7000)),
)
GLASS = Material(
    "glass",
    "glass",
    (140, 232, 236),
    (Patch((236, 255, 255), 0.12, 0.80, -0.62, -0.22), Patch((70, 178, 190), 0.84, 1.0)),
    Ringing((2000, 2800), (1, 1.42, 1.93, 2.61, 3.17), 0.55, 0.4, 0.2, 0.12, 0.001, (4000, 7600)),
)
CERAMIC = Material(
    "ceramic",
    "ceramic",
    (244, 240, 228),
    (Patch((44, 74, 196), 0.34, 0.58),),
    Ringing((1050, 1450), (1, 1.53, 2.21, 3.4, 4.6), 0.22, 0.5, 0.35, 0.25, 0.002, (1500, 6000)),
)
DRUM_SKIN = Material(
    "drum skin",
    "drum skin",
    (196, 36, 40),
    (Patch((246, 226, 176), 0.0, 0.34), Patch((236, 184, 60), 0.86, 1.0)),
    Ringing((95, 150), (1, 1.593, 2.136, 2.296, 2.653, 2.918, 3.6), 0.40, 0.5, 0.5, 0.30, 0.012, (80, 900)),
)
PLASTIC = Material(
    "plastic",
    "plastic",
    (236, 58, 164),
    (Patch((255, 176, 222), 0.12, 0.34, -0.65, 0.1),),
    Ringing((210, 330), (1, 1.71, 2.83, 4.2), 0.07, 0.3, 0.6, 0.45, 0.006, (200, 1400)),
)
GRAVEL = Material(
    "gravel",
    "gravel",
    (126, 120, 114),
    _specks(((66, 62, 60), (198, 192, 184)), _SCATTER, 0.10),
    Shower(900, 0.055, (1000, 4200), 3.0),
)
LEAVES = Material(
    "leaves",
    "leaf",
    (74, 142, 40),
    _specks(((228, 138, 30), (34, 86, 22), (214, 196, 52)), _SCATTER, 0.11),
    Shower(3500, 0.11, (3600, 7600), 5.0),
)

MATERIALS = {m.name: m for m in (WOOD, METAL, GLASS, CERAMIC, DRUM_SKIN, PLASTIC, GRAVEL, LEAVES)}
SOLIDS = (WOOD, METAL, GLASS, CERAMIC, PLASTIC)

"""What is asked of a model: one frozen record for one clip, and the sampling settings in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

from phonofilm.errors import SettingError, unknown_name
from phonofilm.media.clip import Clip
from phonofilm.pair import AV
from phonofilm.shapes import exact

NEITHER = AV(video=False, audio=False)
MAX_SEED = 2**63 - 1
"""Largest seed that a torch generator takes on every platform."""


@dataclass(frozen=True)
class Settings:
    """How a clip is sampled. Together with weights, prompt and seed it fixes the clip.

    Attributes:
        steps: evaluations of the step grid.
        gamma: the timestep adjustment of the SVG paper (arXiv 2409.17550): above 1 the picture is
            denoised ahead of the sound; 1 denoises both alike.
        guidance: classifier-free guidance scale of each modality; 1 = conditional, 0 = unconditional.
        sampler: name of a function in ``phonofilm.diffusion.samplers``.
        seconds: length of the clip.
        fps: frames a second.
        negative: what guidance steers away from; empty for nothing in particular.
    """

    steps: int
    gamma: float
    guidance: AV[float]
    sampler: str
    seconds: Fraction
    fps: Fraction
    negative: str = ""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise SettingError(f"steps is {self.steps}: choose 1 or more (25 is usual)")
        if not (math.isfinite(self.gamma) and self.gamma > 0):
            raise SettingError(f"gamma is {self.gamma}: choose a number above 0 (1 = no timestep adjustment)")
        for scale in self.guidance:
            if not (math.isfinite(scale) and scale >= 0):
                raise SettingError(f"guidance is {scale}: choose 0 or more (1 = the prompt alone, no guidance)")
        for value, name in ((self.seconds, "seconds"), (self.fps, "fps")):
            if value <= 0:
                raise SettingError(f"{name} is {float(value):g}: choose a number above 0")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :meth:`from_json` reads back; fractions are strings such as ``"5/2"``."""
        return {**asdict(self), "seconds": str(self.seconds), "fps": str(self.fps)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Settings:
        """The settings that :meth:`to_json` wrote.

        Raises:
            SettingError: for an unknown or missing setting (the nearest name is offered).
        """
        known = {one.name for one in fields(cls)}
        for name in row:
            if name not in known:
                raise unknown_name("setting", name, known)
        missing = known - row.keys()
        if missing:
            raise SettingError(f"the settings lack {', '.join(sorted(missing))}: the file is not whole")
        return cls(
            **{
                **row,
                "guidance": AV(**row["guidance"]),
                "seconds": exact(row["seconds"]),
                "fps": exact(row["fps"]),
            }
        )


@dataclass(frozen=True)
class Source:
    """The file that a given modality was read from.

    Attributes:
        path: as it was named.
        sha256: of its bytes.
    """

    path: str
    sha256: str


@dataclass(frozen=True)
class Given:
    """A modality that is not generated but handed in.

    Attributes:
        clip: where it comes from, already in the length, rates and size that the model makes.
        held: which side is given; exactly one is true.
        source: its file, for the sidecar; ``None`` for clips made in memory.
    """

    clip: Clip = field(repr=False)
    held: AV[bool]
    source: Source | None = None


@dataclass(frozen=True)
class Request:
    """One clip to make.

    Attributes:
        prompt: what happens in it.
        seed: of all its randomness.
        settings: how to sample it.
        given: the modality that is handed in; ``None`` generates both.
    """

    prompt: str
    seed: int
    settings: Settings
    given: Given | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise SettingError('the prompt is empty: say what happens, for example "a glass ball bounces on wood"')
        if not 0 <= self.seed <= MAX_SEED:
            raise SettingError(f"seed is {self.seed}: choose a whole number from 0 to 2**63 - 1")

    @property
    def held(self) -> AV[bool]:
        """Which sides are given."""
        return NEITHER if self.given is None else self.given.held

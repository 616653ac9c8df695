"""What is asked of a model: one frozen record for one clip, and the sampling settings in it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip
from phonofilm.pair import AV
from phonofilm.pipelines.typed import typed

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
        guidance_interval: noise fractions between which guidance applies (Kynkaanniemi et al., arXiv 2404.07724);
            beyond them the prompt alone counts, as with guidance 1. 1 is pure noise, where sampling begins.
    """

    steps: int
    gamma: float
    guidance: AV[float]
    sampler: str
    seconds: Fraction
    fps: Fraction
    negative: str = ""
    guidance_interval: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise SettingError(f"steps is {self.steps}: choose 1 or more (25 is usual)")
        if not (math.isfinite(self.gamma) and self.gamma > 0):
            raise SettingError(f"gamma is {self.gamma}: choose a number above 0 (1 = no timestep adjustment)")
        for scale in self.guidance:
            if not (math.isfinite(scale) and scale >= 0):
                raise SettingError(f"guidance is {scale}: choose 0 or more (1 = the prompt alone, no guidance)")
        low, high = self.guidance_interval
        if not 0 <= low <= high <= 1:
            raise SettingError(
                f"the guidance interval is {low:g} to {high:g}: choose two numbers from 0 to 1, the smaller first"
            )
        for value, name in ((self.seconds, "seconds"), (self.fps, "fps")):
            if value <= 0:
                raise SettingError(f"{name} is {float(value):g}: choose a number above 0")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, as it stands in a sidecar; fractions are strings such as ``"5/2"``."""
        exactly = {"seconds": str(self.seconds), "fps": str(self.fps)}
        return {**asdict(self), **exactly, "guidance_interval": list(self.guidance_interval)}


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
        _check(prompt=self.prompt, seed=self.seed)

    @property
    def held(self) -> AV[bool]:
        """Which sides are given."""
        return NEITHER if self.given is None else self.given.held


@typed
def _check(prompt: str, seed: int) -> None:
    if not prompt.strip():
        raise SettingError('the prompt is empty: say what happens, for example "a glass ball bounces on wood"')
    if not 0 <= seed <= MAX_SEED:
        raise SettingError(f"seed is {seed}: choose a whole number from 0 to 2**63 - 1")

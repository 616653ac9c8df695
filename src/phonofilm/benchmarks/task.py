"""The held-out scenes that every row of a benchmark is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import count, islice
from typing import Any

from phonofilm.data.clapperboard import HELD_OUT, VERSION, Scene, render, sample_scene
from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip
from phonofilm.shapes import ClipShape

REFERENCE = HELD_OUT + 250_000
"""First seed of the true clips that Frechet distances are measured to; validation begins at another."""


@dataclass(frozen=True)
class Task:
    """Captions to generate from, and true clips of other scenes to compare distributions with.

    Attributes:
        n: prompts, and as many reference clips.
        shape: of every clip.
        first_seed: held-out scenes are taken from this seed on; those without an event that is both seen and
            heard are passed over, since there is nothing to be in time with.
    """

    n: int
    shape: ClipShape
    first_seed: int = HELD_OUT

    def __post_init__(self) -> None:
        if self.n < 2:
            raise SettingError(f"the number of prompts is {self.n}: choose at least 2 (256 for results that hold)")
        if not HELD_OUT <= self.first_seed <= REFERENCE - 2 * self.n:
            raise SettingError(
                f"scene {self.first_seed} does not begin {self.n} held-out scenes: "
                f"choose a first seed from {HELD_OUT} to {REFERENCE - 2 * self.n}"
            )

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """The scenes whose captions are the prompts, in order of their seeds."""
        return tuple(self._scenes(self.first_seed))

    def true_clip(self, index: int) -> Clip:
        """The scene of prompt ``index`` as it is."""
        return render(self.scenes[index], self.shape)

    def reference(self) -> Iterator[tuple[Scene, Clip]]:
        """True clips of other held-out scenes."""
        return ((scene, render(scene, self.shape)) for scene in self._scenes(REFERENCE))

    def describe(self) -> dict[str, Any]:
        """All that decides the prompts and the true clips, as plain values."""
        return {
            "clapperboard": VERSION,
            "n": self.n,
            "first_scene": self.scenes[0].seed,
            "last_scene": self.scenes[-1].seed,
            "first_reference_scene": REFERENCE,
            "shape": {name: str(value) for name, value in asdict(self.shape).items()},
        }

    def _scenes(self, first: int) -> Iterator[Scene]:
        scenes = (
            sample_scene(seed, seconds=self.shape.seconds, sample_rate=self.shape.sample_rate) for seed in count(first)
        )
        return islice((scene for scene in scenes if _sounds_in_view(scene)), self.n)


def _sounds_in_view(scene: Scene) -> bool:
    return any(event.visible and event.audible for event in scene.events)

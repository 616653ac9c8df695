"""What a pipeline gives for a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phonofilm.media.clip import Clip
from phonofilm.pipelines.sidecar import Sidecar

Advance = Callable[[int], None]
"""Told how many sampling steps (of one clip each) were done since the last call."""


@dataclass(frozen=True)
class Timing:
    """Where the time of one batch went, in seconds, shared evenly by its clips.

    Attributes:
        encoding: text encoders, and the codec for a given modality.
        sampling: the sampler alone.
        decoding: latents to frames and sound.
    """

    encoding: float
    sampling: float
    decoding: float

    @property
    def total(self) -> float:
        """All three."""
        return self.encoding + self.sampling + self.decoding


@dataclass(frozen=True)
class Take:
    """One generated clip.

    Attributes:
        clip: the film in memory.
        sidecar: how to make it again.
        timing: how long it took.
    """

    clip: Clip
    sidecar: Sidecar
    timing: Timing

"""The one record that pictures and sound travel in outside of networks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.shapes import ClipShape


@dataclass(frozen=True, eq=False)
class Clip:
    """A sounding film in memory; picture and sound both start at time zero.

    Attributes:
        frames: uint8 RGB ``(frame, height, width, 3)``, or ``None`` for sound alone.
        audio: float32 in [-1, 1] ``(channel, sample)``, or ``None`` for a silent film.
        fps: frames a second.
        sample_rate: audio samples a second.
    """

    frames: np.ndarray | None
    audio: np.ndarray | None
    fps: Fraction
    sample_rate: int

    def __post_init__(self) -> None:
        if self.frames is None and self.audio is None:
            raise MediaError("a clip needs frames or audio: both are missing")
        if self.frames is not None and (
            self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[-1] != 3
        ):
            raise MediaError(
                f"frames must be uint8 (frame, height, width, 3), got {self.frames.dtype} {self.frames.shape}"
            )
        if self.audio is not None and (self.audio.dtype != np.float32 or self.audio.ndim != 2):
            raise MediaError(f"audio must be float32 (channel, sample), got {self.audio.dtype} {self.audio.shape}")

    @property
    def seconds(self) -> Fraction:
        """Length of the longer of the two streams, in seconds."""
        picture = Fraction(0) if self.frames is None else len(self.frames) / self.fps
        sound = Fraction(0) if self.audio is None else Fraction(self.audio.shape[1], self.sample_rate)
        return max(picture, sound)

    @property
    def shape(self) -> ClipShape:
        """The clip's shape.

        Raises:
            MediaError: if a modality is missing.
        """
        if self.frames is None or self.audio is None:
            raise MediaError("the clip has no " + ("picture" if self.frames is None else "sound"))
        _, height, width, _ = self.frames.shape
        return ClipShape(
            Fraction(len(self.frames)) / self.fps, self.fps, height, width, self.sample_rate, self.audio.shape[0]
        )

    def save(self, path: str | Path, *, lossless: bool = False, force: bool = False) -> Path:
        """Write the clip as a film; see :func:`phonofilm.media.write.write`."""
        from phonofilm.media.write import write

        return write(self, path, lossless=lossless, force=force)

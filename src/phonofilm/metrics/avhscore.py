"""AVHScore: the cosine between ImageBind's embeddings of each frame and of the sound, mean over frames, then clips.

Introduced with TAVGBench (arXiv 2404.14381); as JavisBench (arXiv 2503.23377) computes it: every frame of the film
alone, and three stretches of 2 s of the sound, averaged (:mod:`phonofilm.metrics._features.imagebind`). All frames
meet the same sound, so order and time have no influence: it is a score of meaning, not of synchrony.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phonofilm.metrics._features.imagebind import IMAGEBIND, ImageBindFrames, ImageBindSound
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import Agreement, Two, cosines
from phonofilm.metrics._score import Source
from phonofilm.metrics._subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self


class AvhScore(Agreement[np.ndarray, np.ndarray]):
    """See the module."""

    name = "avhscore"
    version = 1
    source = Source("arXiv 2404.14381", "JavisVerse/JavisDiT eval/javisbench/src/metrics.py", "Apache-2.0")
    weights = (IMAGEBIND,)

    def __init__(self, frames: ImageBindFrames, sound: ImageBindSound) -> None:
        self.frames, self.sound, self.about = frames, sound, sound.about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        return cls(ImageBindFrames(given), ImageBindSound(given))

    def measure(self, subject: Subject) -> Two[np.ndarray, np.ndarray]:
        """Embeddings of the frames ``(frame, d)`` and of the sound ``(d,)``."""
        return Two(subject.read(self.frames)["features"], subject.read(self.sound)["features"])

    def agree(self, one: np.ndarray, other: np.ndarray) -> float:
        """The mean of their cosines."""
        return float(cosines(one, other).mean())


metric = AvhScore

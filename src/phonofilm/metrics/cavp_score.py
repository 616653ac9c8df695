"""CAVP score: the cosine between CAVP's embeddings of picture and sound, mean over quarters of a second, then clips.

As JavisBench (arXiv 2503.23377) and SVG (arXiv 2409.17550) compute it, with the first stage of Diff-Foley (see
:mod:`phonofilm.metrics._features.cavp`); JavisBench counts a clip that fails as 0, which here is an error. Only whole
seconds count. Its authors trained it to tell pairs apart, in time too, but SVG's found it hardly sensitive to time, and
true clips of Greatest Hits at 0.82 only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phonofilm.metrics._features.cavp import CAVP, Cavp
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import Agreement, Two, cosine
from phonofilm.metrics._score import Source
from phonofilm.metrics._subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self


class CavpScore(Agreement[np.ndarray, np.ndarray]):
    """See the module; clips of different length agree over the shorter one, which matters for chance alone."""

    name = "cavp-score"
    version = 1
    source = Source("arXiv 2306.17203", "JavisVerse/JavisDiT eval/javisbench/src/metrics.py", "Apache-2.0")
    weights = (CAVP,)

    def __init__(self, reading: Cavp) -> None:
        self.reading, self.about = reading, reading.about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        return cls(Cavp(given))

    def measure(self, subject: Subject) -> Two[np.ndarray, np.ndarray]:
        """Embeddings of picture and sound, each ``(step, d)``."""
        found = subject.read(self.reading)
        return Two(found["picture"], found["sound"])

    def agree(self, one: np.ndarray, other: np.ndarray) -> float:
        """The mean of their cosines at the same time."""
        return float(np.mean([cosine(seen, heard) for seen, heard in zip(one, other, strict=False)]))


metric = CavpScore

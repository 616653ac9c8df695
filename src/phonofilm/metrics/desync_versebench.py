"""AV-A of Verse-Bench (UniVerse-1, arXiv 2509.06155): one window of Synchformer, and the sign is kept.

As ``desync-synchformer``, but of the first 4 s, 11 segments from the third frame on (3.84 s in their middle), which
take the first of the positions that were learned for 14. The score is the mean of the offsets **with their signs**, in
seconds, positive where the sound comes early: that is what the public code averages, so clips that are early
and clips that are late cancel. Near zero does not mean in sync; read it beside ``desync-synchformer``. Clips with less
than 4 s of picture or sound cannot be measured, as there. It has no chance level: with its sign, by chance it may be
anything.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features.synchformer import Cut
from phonofilm.metrics._kinds.desync import DeSync
from phonofilm.metrics._score import Better, Source

SECONDS, SEGMENTS = 4, 11


class DeSyncVerseBench(DeSync):
    """See the module."""

    name = "desync-versebench"
    version = 1
    better = Better.NEARER_ZERO
    has_chance = False
    source = Source("arXiv 2509.06155 after 2401.16423", "github.com/Dorniwang/Verse-Bench", "Apache-2.0")

    @staticmethod
    def cut() -> Cut:
        """The segments of ``desync-synchformer``, of which the first 11 are asked about."""
        return synchformer.MIDDLE

    @staticmethod
    def lines(segments: int) -> list[list[int]]:
        """The first 11."""
        return [list(range(segments))[:SEGMENTS]]

    @staticmethod
    def needs() -> Fraction:
        """4 s."""
        return Fraction(SECONDS)

    def number(self, offsets: np.ndarray) -> float:
        """Of a clip's offsets in seconds."""
        return float(offsets.mean())


metric = DeSyncVerseBench

"""The offset that Synchformer's own inference script finds (arXiv 2401.16423): one window per clip.

The first 5 s of a clip, resized so that its shorter side is 256 and cropped to 224; of them 14 segments that
begin with the third frame (4.8 s in their middle). A clip's number is the size of the likeliest offset, in seconds; the
score is the mean over clips. Clips with less than 5 s of picture or sound cannot be measured, as there.

Chance: each picture with the sound of another clip, in 500 pairs at most, which take about a minute on a CPU.
"""

from __future__ import annotations

from fractions import Fraction

from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features.synchformer import Cut
from phonofilm.metrics._kinds.desync import DeSync
from phonofilm.metrics._score import Source

SECONDS = 5


class DeSyncSynchformer(DeSync):
    """See the module."""

    name = "desync-synchformer"
    version = 1
    source = Source("arXiv 2401.16423", "github.com/v-iashin/Synchformer example.py", "MIT")

    @staticmethod
    def cut() -> Cut:
        """Up to 14 segments from the third frame on."""
        return synchformer.MIDDLE

    @staticmethod
    def lines(segments: int) -> list[list[int]]:
        """The first 14."""
        return [list(range(segments))[: synchformer.PUBLISHED.segments]]

    @staticmethod
    def needs() -> Fraction:
        """5 s."""
        return Fraction(SECONDS)


metric = DeSyncSynchformer

"""DeSync as av-benchmark measures it: the published number of video-to-audio papers since MMAudio (arXiv 2412.15322).

The first 8 s of a clip, resized so that its shorter side is 224, are cut into 24 segments. Synchformer is asked twice:
about the first 14 of them and about the last 14 (4.8 s each, with 0.32 to 8 s between their ends). A clip's number is
the mean size of the two offsets, in seconds; the score is the mean over clips. Clips with less than 8 s of picture or
sound cannot be measured; the public code leaves them out, or puts another clip in their place.

Not comparable with DeSync of JavisBench or Verse-Bench. MMAudio and HunyuanVideo-Foley are conditioned on
features of the same network.

Chance: each picture with the sound of another clip, in 500 pairs at most, which take about two minutes on a CPU.
"""

from __future__ import annotations

from fractions import Fraction

from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features.synchformer import Cut
from phonofilm.metrics._kinds.desync import DeSync
from phonofilm.metrics._score import Source

SECONDS = 8


class DeSyncAvBenchmark(DeSync):
    """See the module."""

    name = "desync-avbenchmark"
    version = 1
    source = Source("arXiv 2412.15322 after 2401.16423", "github.com/hkchengrex/av-benchmark", "MIT")

    @staticmethod
    def cut() -> Cut:
        """The first 8 s; what JavisBench pads is shared with it, and too short for this."""
        return synchformer.EIGHT_SECONDS

    @staticmethod
    def lines(segments: int) -> list[list[int]]:
        """The first and the last 14."""
        count = synchformer.PUBLISHED.segments
        return [list(range(segments))[:count], list(range(segments))[-count:]]

    @staticmethod
    def needs() -> Fraction:
        """8 s."""
        return Fraction(SECONDS)


metric = DeSyncAvBenchmark

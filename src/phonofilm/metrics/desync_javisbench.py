"""DeSync as JavisBench measures it (JavisDiT, arXiv 2503.23377).

The first 4 s of a clip (what its README evaluates with; the length is an option, which without one is 8 s), resized so
that its shorter side is 224; what a clip lacks of them is black frames and silence. So there are 11 segments of
Synchformer. They are walked in lines of 14, ``ceil(n / 14)`` of them: a first line that is too short is filled
up with its own segments from the beginning; a later one takes the last 14 segments. A clip's number is the mean size
of the lines' offsets, in seconds; the score is the mean over clips.

With 11 segments the one line ends in three that it began with, so its end claims that 0.96 s come twice. Not
comparable with DeSync of av-benchmark, which has other windows and no padding.

Chance: each picture with the sound of another clip, in 500 pairs at most, which take about a minute on a CPU.
"""

from __future__ import annotations

from itertools import cycle, islice

from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features.synchformer import Cut
from phonofilm.metrics._kinds.desync import DeSync
from phonofilm.metrics._score import Source

SEGMENTS = 11
"""That 4 s hold."""


class DeSyncJavisBench(DeSync):
    """See the module."""

    name = "desync-javisbench"
    version = 1
    source = Source("arXiv 2503.23377 after 2401.16423", "github.com/JavisVerse/JavisDiT eval/javisbench", "Apache-2.0")

    @staticmethod
    def cut() -> Cut:
        """At least 4 s, and no more than av-benchmark takes."""
        return synchformer.EIGHT_SECONDS

    @staticmethod
    def lines(segments: int) -> list[list[int]]:
        """Of the first 11."""
        return walk(min(segments, SEGMENTS), synchformer.PUBLISHED.segments)


def walk(segments: int, length: int) -> list[list[int]]:
    """Lines of ``length`` through so many segments."""
    if segments < length:
        return [list(islice(cycle(range(segments)), length))]
    starts = (min(i, segments - length) for i in range(0, segments, length))
    return [list(range(start, start + length)) for start in starts]


metric = DeSyncJavisBench

"""Temporal flickering of VBench (arXiv 2311.17982): how little neighbouring frames differ.

``(255 - m) / 255``, where ``m`` is the mean over all neighbouring frames, pixels and colours of the absolute difference
of their 8-bit levels; frames at the film's own size and rate. The mean over clips. Higher is better, 1 at most.

It is published for scenes that stand still, and VBench leaves clips that move out before (``static_filter.py``); here
every clip counts, so motion lowers it as flicker does, a frozen film has the best score of all, and films of a lower
frame rate score lower. Read it beside that of the reference clips.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.metrics._kinds.per_clip import PerClip
from phonofilm.metrics._score import Better, Source
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

LEVELS = 255


def changes(frames: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each two neighbours of frames uint8 ``(frame, height, width, 3)``, ``(frame - 1,)``.

    Raises:
        MediaError: for fewer than two frames.
    """
    if len(frames) < 2:
        raise MediaError("flicker needs at least two frames: choose a longer clip")
    return np.array([np.abs(before.astype(np.int16) - after).mean() for before, after in pairwise(frames)])


class _Changes:
    """The reading of :func:`changes`."""

    id = "frame-changes@1"

    def __call__(self, subject: Subject) -> Arrays:
        subject.check(AV(True, False))
        assert subject.clip.frames is not None
        return {"changes": changes(subject.clip.frames)}


CHANGES = _Changes()


class TemporalFlicker(PerClip):
    """See the module."""

    name = "temporal-flicker"
    version = 1
    uses = AV(True, False)
    better = Better.HIGHER
    source = Source("arXiv 2311.17982", "Vchitect/VBench vbench/temporal_flickering.py", "Apache-2.0")

    def measure(self, subject: Subject) -> float:
        """The score of one clip.

        Raises:
            MediaError: if there is no picture, or only one frame.
        """
        return float((LEVELS - subject.read(CHANGES)["changes"].mean()) / LEVELS)


metric = TemporalFlicker

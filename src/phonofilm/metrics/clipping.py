"""The share of samples at full scale or beyond, where sound was cut off.

A sample counts whose size is at least 32,767 / 32,768, the largest positive value of 16 bits; all channels count alike,
at the film's own sample rate. The mean over clips. Lower is better; true recordings are at 0 or close to it. No
convention was found that published systems share: some ask for several such samples in a row, or take 0.99.

What was cut off and then made quieter is not found, nor what a lossy codec has rounded since. A codec may also put
samples of loud sound beyond full scale that were not before.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._kinds.per_clip import PerClip
from phonofilm.metrics._score import OURS, Better
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

FULL_SCALE = 32_767 / 32_768


class _Clipped:
    """The reading of the share of samples at full scale."""

    id = "clipped-16bit@1"

    def __call__(self, subject: Subject) -> Arrays:
        subject.check(AV(False, True))
        assert subject.clip.audio is not None
        return {"share": (np.abs(subject.clip.audio) >= FULL_SCALE).mean(keepdims=True)}


CLIPPED = _Clipped()


class Clipping(PerClip):
    """See the module."""

    name = "clipping"
    version = 1
    uses = AV(False, True)
    better = Better.LOWER
    source = OURS

    def measure(self, subject: Subject) -> float:
        """The share of one clip.

        Raises:
            MediaError: if there is no sound.
        """
        return float(subject.read(CLIPPED)["share"].item())


metric = Clipping

"""IB-AV: the cosine between ImageBind's embeddings of a clip's sound and of its picture, mean over clips.

Three stretches of sound and five of picture, each averaged before they are compared
(:mod:`phonofilm.metrics._features.imagebind`), as JavisBench (arXiv 2503.23377) does. av-benchmark (MMAudio) calls
IB-score what it computes from other stretches, so its numbers do not compare. It tells whether what is heard could
come from what is seen, and not when: sound shifted within the clip scores nearly the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phonofilm.metrics._features.imagebind import IMAGEBIND, ImageBindPicture, ImageBindSound
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import Agreement, Two, cosine
from phonofilm.metrics._score import Source
from phonofilm.metrics._subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self


class ImageBindAudioVideo(Agreement[np.ndarray, np.ndarray]):
    """See the module."""

    name = "imagebind-audio-video"
    version = 1
    source = Source("arXiv 2305.05665", "facebookresearch/ImageBind", "CC BY-NC-SA 4.0: own code")
    weights = (IMAGEBIND,)

    def __init__(self, picture: ImageBindPicture, sound: ImageBindSound) -> None:
        self.picture, self.sound, self.about = picture, sound, sound.about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        return cls(ImageBindPicture(given), ImageBindSound(given))

    def measure(self, subject: Subject) -> Two[np.ndarray, np.ndarray]:
        """Embeddings of picture and sound."""
        return Two(subject.read(self.picture)["features"], subject.read(self.sound)["features"])

    def agree(self, one: np.ndarray, other: np.ndarray) -> float:
        """Their cosine."""
        return cosine(one, other)


metric = ImageBindAudioVideo

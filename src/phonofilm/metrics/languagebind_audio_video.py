"""LanguageBind, audio and video: the cosine between the embeddings of a clip's sound and picture, mean over clips.

Eight frames seen by ``LanguageBind_Video_FT``, three spectrograms heard by ``LanguageBind_Audio_FT``
(:mod:`phonofilm.metrics._features.languagebind`), as SVG (arXiv 2409.17550) uses it. The two were trained to meet
sentences and never each other, so the cosine is low even for true clips: compare it with chance. It knows nothing of
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phonofilm.metrics._features.languagebind import AUDIO, VIDEO, LanguageBindPicture, LanguageBindSound
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import Agreement, Two, cosine
from phonofilm.metrics._score import About, Source
from phonofilm.metrics._subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self


class LanguageBindAudioVideo(Agreement[np.ndarray, np.ndarray]):
    """See the module."""

    name = "languagebind-audio-video"
    version = 1
    source = Source("arXiv 2310.01852", "PKU-YuanGroup/LanguageBind", "MIT")
    weights = (VIDEO, AUDIO)

    def __init__(self, picture: LanguageBindPicture, sound: LanguageBindSound) -> None:
        self.picture, self.sound = picture, sound
        both = ", ".join((picture.about.extractor, sound.about.extractor))
        self.about = About(both, sound.resampler)

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the networks whose weights are given."""
        return cls(LanguageBindPicture(given), LanguageBindSound(given))

    def measure(self, subject: Subject) -> Two[np.ndarray, np.ndarray]:
        """Embeddings of picture and sound."""
        return Two(subject.read(self.picture)["features"], subject.read(self.sound)["features"])

    def agree(self, one: np.ndarray, other: np.ndarray) -> float:
        """Their cosine."""
        return cosine(one, other)


metric = LanguageBindAudioVideo

"""Frechet distances between clips and reference clips on a codec's latents.

One feature vector per latent frame of the picture (channels x height x width values) and per latent step of the
sound (channels x mel values); all vectors of all clips are pooled. So the distance tells whether single pictures
and short stretches of sound look and sound as they should, and says nothing of their order. Values of different
codecs, clip lengths or numbers of clips do not compare. Chance does not apply; beside the distance stands that
of one half of the reference clips to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from phonofilm.codecs.base import Codec
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.set_distance import compare, frechet_against
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV
from phonofilm.weights import fingerprint

NAMES = AV("frechet-video-latents", "frechet-audio-latents")


class _Latents:
    """The reading of latents, a row for each frame and each step.

    Args:
        codec: whose they are.
    """

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        sides = AV(codec.video, codec.audio).map(lambda part: fingerprint(part)[:12])
        self.id = f"latents@1-{sides.video}-{sides.audio}"

    @torch.no_grad()
    def __call__(self, subject: Subject) -> Arrays:
        subject.whole()
        video, audio = self.codec.encode([subject.clip]).map(lambda latents: latents[0].float().cpu().transpose(0, 1))
        return {"video": video.flatten(1).numpy(), "audio": audio.flatten(1).numpy()}


class FrechetLatents(Metric[AV[np.ndarray]]):
    """See the module.

    Args:
        codec: whose latents are compared.
    """

    name = "frechet-latents"
    version = 1
    source = OURS
    needs_codec = True
    needs_reference = True
    gives = tuple(NAMES)

    def __init__(self, codec: Codec) -> None:
        self._latents = _Latents(codec)
        self.about = About(extractor=self._latents.id)

    @classmethod
    def of(cls, given: Given) -> FrechetLatents:
        """With the codec that was given."""
        return cls(given.codec_for(cls.name))

    def measure(self, subject: Subject) -> AV[np.ndarray]:
        """Feature vectors of one clip, float32 ``(frames, d)`` and ``(steps, d)``.

        Raises:
            MediaError: if picture or sound is missing.
            SettingError: if the codec cannot take the clip.
        """
        found = subject.read(self._latents)
        return AV(found["video"], found["audio"])

    def scores(
        self, measured: Sequence[AV[np.ndarray]], reference: Sequence[AV[np.ndarray]] | None, seed: int
    ) -> list[Score]:
        """The distance of pictures and of sounds."""
        own = AV([pair.video for pair in measured], [pair.audio for pair in measured])
        true = AV([pair.video for pair in reference or ()], [pair.audio for pair in reference or ()])
        return list(NAMES.map(lambda name, a, b: self._score(name, a, b, seed), own, true))

    def _score(self, name: str, own: list[np.ndarray], true: list[np.ndarray], seed: int) -> Score:
        found, floor = compare(own, true, frechet_against, seed)
        return Score.of(self, name, found, Better.LOWER, n=len(own), seed=seed, ceiling=floor)


metric = FrechetLatents

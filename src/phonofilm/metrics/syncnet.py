"""Sync-C and Sync-D, also called LSE-C and LSE-D: do lips move as the voice says? (SyncNet; Wav2Lip, arXiv 2008.10010.)

Of each face that is followed through a clip, lips and sound are compared by the distance of SyncNet's vectors, at each
shift of the sound by -15 to 15 frames of 1/25 s; beyond the ends of the track the sound's vectors are zeros, as in the
public code. Of the 31 distances, each a mean over the track, Sync-D is the least and Sync-C the median less the
least. A clip's number is the mean over its tracks, and the score is the mean over clips.

Lower Sync-D and higher Sync-C are better. Neither sees a constant delay below 0.6 s, which the least over shifts
forgives. A face that is silent counts like one that speaks. Clips without a face above 100 pixels for more than 100
frames, so all clips of 4 s or less, do not count: the public pipeline writes nothing for them. Verse-Bench's LSE-C
finds faces by another detector, cuts them closer and takes 2 s: it is not comparable.

Chance: the first face of each clip with the sound beside that of another clip, both as long as the shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.estimate import mean
from phonofilm.metrics._features import s3fd
from phonofilm.metrics._features.syncnet import WEIGHTS, Speaker, SyncNet, speakers
from phonofilm.metrics._given import Given
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import About, Better, Metric, Score, Source
from phonofilm.metrics._subject import Reading, Subject

REACH = 15
NO_FACES = "no clip shows a face above 100 pixels for more than 100 frames (4 s): choose longer clips of talking people"


@dataclass(frozen=True)
class Sync:
    """Of one face, or of one clip."""

    confidence: float
    distance: float


def distances(speaker: Speaker) -> np.ndarray:
    """Mean distance of the lips from the sound of -15 to 15 frames later, ``(31,)``."""
    lips = speaker.lips.astype(np.float64)
    sound = np.pad(speaker.sound.astype(np.float64), ((REACH, REACH), (0, 0)))
    shifts = (lips - sound[i : i + len(lips)] + 1e-6 for i in range(2 * REACH + 1))
    return np.array([np.linalg.norm(apart, axis=1).mean() for apart in shifts])


def sync(speaker: Speaker) -> Sync:
    """Of one face."""
    found = distances(speaker)
    return Sync(float(np.median(found) - found.min()), float(found.min()))


class SyncNetScores(Metric[list[Speaker]]):
    """See the module."""

    name = "syncnet"
    version = 1
    source = Source("Chung and Zisserman 2016; arXiv 2008.10010", "github.com/joonson/syncnet_python", "MIT")
    weights = (WEIGHTS, s3fd.WEIGHTS)
    gives = ("sync-c", "sync-d")

    def __init__(self, reading: Reading, about: About) -> None:
        self.reading, self.about = reading, about

    @classmethod
    def of(cls, given: Given) -> SyncNetScores:
        """With the weights that were given."""
        extractor = SyncNet(given)
        return cls(extractor, extractor.about)

    def measure(self, subject: Subject) -> list[Speaker] | None:
        """The faces of one clip; ``None`` if there are none.

        Raises:
            MediaError: if picture or sound is missing.
        """
        subject.whole()
        return speakers(subject.read(self.reading)) or None

    def scores(
        self, measured: Sequence[list[Speaker]], reference: Sequence[list[Speaker]] | None, seed: int
    ) -> list[Score]:
        """``sync-c`` and ``sync-d``."""
        true = [[sync(one) for one in clip] for clip in measured]
        mixed = [
            sync(_dubbed(measured[i][0], measured[int(j)][0]))
            for partner in derangements(len(measured), seed)
            for i, j in enumerate(partner)
        ]
        rows = (
            (
                "sync-c",
                Better.HIGHER,
                [[one.confidence for one in clip] for clip in true],
                [m.confidence for m in mixed],
            ),
            ("sync-d", Better.LOWER, [[one.distance for one in clip] for clip in true], [m.distance for m in mixed]),
        )
        return [
            Score.of(
                self,
                name,
                mean([float(np.mean(clip)) for clip in clips], seed, empty=NO_FACES),
                better,
                n=len(clips),
                seed=seed,
                chance=float(np.mean(by_chance)) if by_chance else None,
            )
            for name, better, clips, by_chance in rows
        ]


def _dubbed(one: Speaker, other: Speaker) -> Speaker:
    length = min(len(one.lips), len(other.sound))
    return Speaker(one.lips[:length], other.sound[:length])


metric = SyncNetScores

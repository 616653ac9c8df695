"""AV-Align in the precision and recall form of SVG (arXiv 2409.17550), after TempoTokens (arXiv 2309.16429).

Peaks are those of :mod:`phonofilm.metrics._features.peaks`. A peak is matched if any peak of the other kind lies
strictly within one frame of it. With P the matched share of sound peaks and R that of picture peaks, a clip scores
P R / (P + R - P R), and 0 if it has no peaks of a kind or none match. Scores are means over clips. Chance: each picture
with the sound of another clip, which is cut or begins again to last as long.

It is kept for comparison with published numbers: motion has peaks that make no sound, so true clips stay far below 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.estimate import mean
from phonofilm.metrics._features.peaks import RESAMPLER, Peaks, peaks
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import About, Better, Metric, Score, Source
from phonofilm.metrics._subject import Subject

NO_CLIPS = "there are no clips to score"


@dataclass(frozen=True)
class Alignment:
    """Matched shares of sound peaks (precision) and picture peaks (recall), and the score."""

    precision: float
    recall: float

    @property
    def iou(self) -> float:
        """P R / (P + R - P R); 0 where both are 0."""
        product = self.precision * self.recall
        return product / (self.precision + self.recall - product) if product else 0.0


def align(found: Peaks) -> Alignment:
    """Precision and recall of one clip's peaks."""
    near = np.abs(found.sound[:, None] - found.picture[None, :]) < found.window
    if not near.size:
        return Alignment(0.0, 0.0)
    return Alignment(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))


class AvAlignSvg(Metric[Peaks]):
    """See the module."""

    name = "avalign-svg"
    version = 1
    source = Source("arXiv 2409.17550 after 2309.16429", "github.com/SonyResearch/SVG_baseline", "none: formula only")
    about = About(resampler=RESAMPLER)
    gives = (name, f"{name}-precision", f"{name}-recall")

    def measure(self, subject: Subject) -> Peaks:
        """The peaks of one clip.

        Raises:
            MediaError: if picture or sound is missing, or there is only one frame.
        """
        return peaks(subject)

    def scores(self, measured: Sequence[Peaks], reference: Sequence[Peaks] | None, seed: int) -> list[Score]:
        """``avalign-svg`` and its precision and recall."""
        true = [align(found) for found in measured]
        mixed = [
            align(one.with_sound_of(measured[other]))
            for partner in derangements(len(measured), seed)
            for one, other in zip(measured, partner, strict=True)
        ]
        rows = (
            (self.name, [one.iou for one in true], [one.iou for one in mixed]),
            (f"{self.name}-precision", [one.precision for one in true], [one.precision for one in mixed]),
            (f"{self.name}-recall", [one.recall for one in true], [one.recall for one in mixed]),
        )
        return [
            Score.of(
                self,
                name,
                mean(values, seed, empty=NO_CLIPS),
                Better.HIGHER,
                n=len(values),
                seed=seed,
                chance=float(np.mean(by_chance)) if by_chance else None,
            )
            for name, values, by_chance in rows
        ]


metric = AvAlignSvg

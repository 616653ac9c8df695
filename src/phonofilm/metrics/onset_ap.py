"""Are a clip's onsets where its reference clip has them? CondFoleyGen's evaluation (arXiv 2304.08490).

Onsets are those of :mod:`phonofilm.metrics._features.onsets`, with the waveform's size as confidence; those of the clip
are thinned, those of the reference are not. They are matched within 0.1 s. ``onset-ap`` is the average precision of the
clip's confidences as a forecast of which onsets are the reference's (area under the steps of precision over recall),
``onset-accuracy`` the share of reference onsets that were matched (0 if there are none), ``onset-count`` the share of
clips with as many onsets as their reference, before thinning. All are means over pairs of one file name; a pair in
which neither has onsets counts 1, where the public code stops.

Traps. **A silent clip has an average precision of 1**: unmatched reference onsets are forecast with confidence 0, and
where nothing else is forecast all of them come first. Reference onsets after the last free one count for nothing in it,
so that a clip with one sound may score 1. Nothing is looked at but the sound: the picture may show anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phonofilm.metrics._features.onsets import PLACE, Matched, Onsets, matched, thinned
from phonofilm.metrics._features.peaks import RESAMPLER, SAMPLE_RATE
from phonofilm.metrics._kinds.paired import Compare, Named, Paired
from phonofilm.metrics._score import About, Better, Score, Source
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

WINDOW = 0.1 * SAMPLE_RATE
_ONSETS = Onsets(signed=False)


def precision(found: Matched) -> float:
    """Average precision: the sum over steps of the confidence, from the highest, of precision times gained recall."""
    order = np.argsort(-found.confidence, kind="stable")
    confidence, true = found.confidence[order], found.true[order]
    last = np.flatnonzero(np.diff(confidence, append=-1.0))  # of each step: equal confidences come together
    hits = np.cumsum(true)[last]
    gained = np.diff(hits, prepend=0) / max(1, true.sum())
    return float((gained * hits / (last + 1)).sum())


class OnsetAp(Paired):
    """See the module."""

    name = "onset-ap"
    version = 1
    uses = AV(False, True)
    better = Better.HIGHER
    source = Source("arXiv 2304.08490", "github.com/XYPB/CondFoleyGen, predict_onset.py", "MIT: formula only")
    about = About(resampler=RESAMPLER)
    gives = ("onset-ap", "onset-accuracy", "onset-count")

    def features(self, subject: Subject) -> np.ndarray:
        """Onsets ``(n, 3)``."""
        return subject.read(_ONSETS)["onsets"]

    def comparisons(self) -> dict[str, Compare]:
        """Average precision, accuracy and equal counts."""
        return {"onset-ap": self.compare, "onset-accuracy": accuracy, "onset-count": equally_many}

    def scores(self, measured: Sequence[Named], reference: Sequence[Named] | None, seed: int) -> list[Score]:
        """The three means; a note says how many clips come by their average precision in silence."""
        silent = sum(not len(one.features) for one in measured)
        note = f"{silent} of {len(measured)} clips have no onset, and count 1" if silent else ""
        average, *others = super().scores(measured, reference, seed)
        return [replace(average, note=note), *others]

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """Average precision of one pair."""
        return precision(_match(own, true)) if len(own) or len(true) else 1.0


def accuracy(own: np.ndarray, true: np.ndarray) -> float:
    """Share of the reference's onsets that the clip has."""
    if not len(own) and not len(true):
        return 1.0
    return _match(own, true).hits / len(true) if len(true) else 0.0


def equally_many(own: np.ndarray, true: np.ndarray) -> float:
    """1 if both have equally many."""
    return float(len(own) == len(true))


def _match(own: np.ndarray, true: np.ndarray) -> Matched:
    return matched(thinned(own), true[:, PLACE].tolist(), WINDOW)


metric = OnsetAp

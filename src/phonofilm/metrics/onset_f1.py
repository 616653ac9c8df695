"""Are a clip's onsets where its reference clip has them? F1 as in MMAudio's ``eval_onsets.py`` (arXiv 2412.15322).

Onsets are those of :mod:`phonofilm.metrics._features.onsets` in the first 8 s, with the signed waveform as confidence,
thinned. They are matched within 0.3 s (one number is both the detector's threshold and this window, in seconds), and F1
is 2 hits / (2 hits + onsets left over + reference onsets left over). The score is the mean over pairs of one file name;
a pair in which neither has onsets counts 1, where the public code stops.

One thing differs: MMAudio compares with onsets that people labelled, which pairs of films do not have. Here the
reference's onsets are detected in its sound, as CondFoleyGen does, and not thinned, as labels are not.

Traps. Within 0.3 s almost any rhythm matches. Reference onsets after the last free one count for nothing, so that a
clip with one sound may score 1. Heights, which choose among onsets within reach, are looked up in the wrong list once
one is taken; that is kept. Nothing is looked at but the sound.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features.onsets import HEIGHT, PLACE, Onsets, matched, thinned
from phonofilm.metrics._features.peaks import RESAMPLER, SAMPLE_RATE
from phonofilm.metrics._kinds.paired import Paired
from phonofilm.metrics._score import About, Better, Source
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

WINDOW = 0.3 * SAMPLE_RATE
_ONSETS = Onsets(signed=True, seconds=8)


class OnsetF1(Paired):
    """See the module."""

    name = "onset-f1"
    version = 1
    uses = AV(False, True)
    better = Better.HIGHER
    source = Source(
        "arXiv 2412.15322 after 2304.08490", "github.com/hkchengrex/MMAudio, eval_onsets.py", "MIT: formula only"
    )
    about = About(resampler=RESAMPLER)

    def features(self, subject: Subject) -> np.ndarray:
        """Onsets ``(n, 3)``."""
        return subject.read(_ONSETS)["onsets"]

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """F1 of one pair."""
        if not len(own) and not len(true):
            return 1.0
        kept = thinned(own)
        found = matched(kept, true[:, PLACE].tolist(), WINDOW, kept[:, HEIGHT])
        sure = found.confidence > 0
        hits, wrong = int((found.true & sure).sum()), int((found.true ^ sure).sum())
        return 2 * hits / (2 * hits + wrong) if hits else 0.0


metric = OnsetF1

"""Metrics of class probabilities: how far they are from the reference clip's, and how clear and many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phonofilm.estimate import Estimate
from phonofilm.metrics._kinds.extracted import Extracted
from phonofilm.metrics._kinds.paired import Compare, Paired
from phonofilm.metrics._maths.divergence import floored_kl, inception, kl
from phonofilm.metrics._maths.resample import GROUPS, jackknife
from phonofilm.metrics._score import Better, Metric, Score
from phonofilm.metrics._subject import Reading, Subject

SPLITS = 10
SHUFFLE_SEED = 2020
"""Both as in audioldm_eval and av-benchmark."""
NO_CLIPS = "there are no clips to score"
ONE_CLIP = "an Inception score compares clips with each other: score at least 2"
FEW_FOR_SPLITS = f"{SPLITS} splits of at least 2 clips take {2 * SPLITS} clips: score more, or read the score -whole"
METHOD = f"delete-a-group jackknife over clips, {GROUPS} groups, splits as they were dealt"
TOO_FEW = f"none: fewer than {2 * GROUPS} clips, of which an Inception score comes out too small"


def clip_logits(subject: Subject, reading: Reading) -> np.ndarray:
    """The ``logits`` of a reading, ``(c,)``; where there are many, ``(k, c)``, their mean."""
    return np.atleast_2d(subject.read(reading)["logits"]).mean(axis=0, dtype=np.float64)


class Divergence(Extracted, Paired):
    """``KL(reference || generated)`` of each clip's class probabilities, in both published forms.

    The score called like the metric is exact (hkchengrex/av-benchmark, ``metrics/kl.py``); ``<name>-floored`` adds 1e-6
    to the generated clip's probabilities (haoheliu/audioldm_eval, ``metrics/kl.py``). Probabilities are the softmax of
    the clip's logits; where the network hears a clip in parts, of the mean of theirs.

    Attributes:
        extractor: whose ``logits`` are compared.
    """

    better = Better.LOWER
    unit = "nats"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.gives = (cls.name, f"{cls.name}-floored")

    def features(self, subject: Subject) -> np.ndarray:
        """The clip's logits ``(c,)``."""
        return clip_logits(subject, self.reading)

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """The exact divergence."""
        return kl(own, true)

    def comparisons(self) -> dict[str, Compare]:
        """The exact one and the one with a floor."""
        return {self.name: self.compare, f"{self.name}-floored": floored_kl}


class Inception(Extracted, Metric[np.ndarray]):
    """The Inception score of the clips' class probabilities: how clear each clip is, and how many kinds there are.

    The score called like the metric is the mean over ten splits (``metrics/isc.py`` of haoheliu/audioldm_eval and of
    hkchengrex/av-benchmark); ``<name>-whole`` is that of all clips together. Clips are sorted by their logits before
    they are shuffled (seed 2020, as there), so that it does not matter in which order files are found; the public
    programs shuffle the order in which they found them, so their splits differ. A score of few clips, and of small
    splits above all, is too small.

    Attributes:
        extractor: whose ``logits`` are used, as in :class:`Divergence`.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.gives = (cls.name, f"{cls.name}-whole")

    def measure(self, subject: Subject) -> np.ndarray:
        """The clip's logits ``(c,)``."""
        return clip_logits(subject, self.reading)

    def scores(self, measured: Sequence[np.ndarray], reference: Sequence[np.ndarray] | None, seed: int) -> list[Score]:
        """With splits, and whole."""
        logits = np.stack(list(measured)) if measured else np.empty((0, 0))
        found = {
            self.name: _estimate(logits, SPLITS, FEW_FOR_SPLITS, seed),
            f"{self.name}-whole": _estimate(logits, 1, ONE_CLIP, seed),
        }
        return [Score.of(self, name, one, Better.HIGHER, n=len(logits), seed=seed) for name, one in found.items()]


def _estimate(logits: np.ndarray, splits: int, too_few: str, seed: int) -> Estimate:
    if len(logits) < 2 * splits:
        return Estimate(None, reason=too_few if len(logits) else NO_CLIPS)

    split = _dealt(logits, splits)

    def statistic(clips: np.ndarray) -> float:
        return float(np.mean([inception(logits[clips[split[clips] == one]])[0] for one in range(splits)]))

    found = jackknife(len(logits), statistic, seed)
    return replace(found, method=TOO_FEW if found.interval is None else METHOD)


def _dealt(logits: np.ndarray, splits: int) -> np.ndarray:
    """The split of each clip, ``(n,)``: dealt once, so that leaving clips out leaves the others where they are."""
    shuffled = np.lexsort(logits.T)[np.random.RandomState(SHUFFLE_SEED).permutation(len(logits))]
    split = np.empty(len(logits), np.int64)
    split[shuffled] = np.repeat(np.arange(splits), np.diff([i * len(logits) // splits for i in range(splits + 1)]))
    return split

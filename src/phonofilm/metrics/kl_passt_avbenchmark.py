"""KL of PaSST's classes in the form of av-benchmark (KL-PASST-softmax, MMAudio, arXiv 2412.15322).

For each clip and the reference clip of the same file name the exact ``KL(reference || clip)`` of the softmax over
AudioSet's 527 classes (:mod:`phonofilm.metrics._features.passt`); the mean over clips. The sound is heard as
hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the first 8 s, then silence up to 10 s.

It asks whether the same things are heard, not when.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features._listening import AV_BENCHMARK
from phonofilm.metrics._features.passt import Passt
from phonofilm.metrics._kinds.tags import TagDivergence
from phonofilm.metrics._maths.divergence import kl
from phonofilm.metrics._score import Source


class KlPasstAvbenchmark(TagDivergence):
    """See the module."""

    name = "kl-passt-avbenchmark"
    version = 1
    source = Source("arXiv 2412.15322", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor, listening = Passt, AV_BENCHMARK

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """The divergence."""
        return kl(own, true)


metric = KlPasstAvbenchmark

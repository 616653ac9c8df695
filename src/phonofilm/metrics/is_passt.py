"""IS-PaSST: the Inception score (arXiv 1606.03498), as av-benchmark's ISC-PASST-mean: ten splits, shuffled by 2020.

Of PaSST's 527 classes of AudioSet, by the softmax of the logits (:mod:`phonofilm.metrics._features.passt`). The sound
is heard as hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the first 8 s, then silence up
to 10 s.

It rewards clips that are each clearly one thing, and different things over all of them; no reference is looked at. A
set of few clips cannot score high: at most the number of clips in a split. Before the shuffle clips are put into an
order of their own, where av-benchmark has that of file names, so its splits differ; ``is-passt-whole`` has no splits.
"""

from __future__ import annotations

from phonofilm.metrics._features.passt import Passt
from phonofilm.metrics._kinds.divergence import Inception
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class IsPasst(Inception):
    """See the module."""

    name = "is-passt"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 1606.03498", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor = Passt


metric = IsPasst

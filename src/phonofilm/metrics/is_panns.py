"""IS-PANNs: the Inception score (arXiv 1606.03498), as av-benchmark's ISC-PANNS-mean: ten splits, shuffled by 2020.

Of PANNs' 527 classes of AudioSet, by the softmax of the logits (:mod:`phonofilm.metrics._features.panns`). The sound is
heard as hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the first 8 s.

It rewards clips that are each clearly one thing, and different things over all of them; no reference is looked at. A
set of few clips cannot score high: at most the number of clips in a split. Before the shuffle clips are put into an
order of their own, where av-benchmark has that of file names, so its splits differ; ``is-panns-whole`` has no splits.
"""

from __future__ import annotations

from phonofilm.metrics._features.panns import Panns
from phonofilm.metrics._kinds.divergence import Inception
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class IsPanns(Inception):
    """See the module."""

    name = "is-panns"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 1606.03498", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor = Panns


metric = IsPanns

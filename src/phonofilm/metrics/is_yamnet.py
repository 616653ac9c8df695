"""The Inception score (arXiv 1606.03498) of what YAMNet hears in the clips.

Of the softmax over AudioSet's 521 classes of the mean logits of each clip's patches
(:mod:`phonofilm.metrics._features.yamnet`): ``is-yamnet`` is the mean over ten splits, as in audioldm_eval and in
av-benchmark, ``is-yamnet-whole`` the score of all clips together. Higher is better: each clip sounds like something,
and the clips like many things. It knows no reference: clear sounds of the wrong kind score well. Few clips score low.
"""

from __future__ import annotations

from phonofilm.metrics._features.yamnet import Yamnet
from phonofilm.metrics._kinds.divergence import Inception
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class IsYamnet(Inception):
    """See the module."""

    name = "is-yamnet"
    version = 1
    uses = AV(False, True)
    source = Source(
        "arXiv 1606.03498, with another network",
        "hkchengrex/av-benchmark av_bench/metrics/isc.py, haoheliu/audioldm_eval audioldm_eval/metrics/isc.py",
        "MIT",
    )
    extractor = Yamnet


metric = IsYamnet

"""KL divergence of what YAMNet hears in each clip from what it hears in the reference clip of the same name.

``KL(reference || generated)`` in nats of the softmax over AudioSet's 521 classes, of the mean logits of the clip's
patches (:mod:`phonofilm.metrics._features.yamnet`), in both published forms: ``kl-yamnet`` is exact, as av-benchmark
has it, ``kl-yamnet-floored`` has audioldm_eval's 1e-6. Lower is better; the same sound is at 0, and with the 1e-6 a
little below, as that is added to the generated clip's side alone. YAMNet was trained with a sigmoid for each class, so
a softmax of its logits is a convention, of this project here and of those two with PANNs. A patch's logits come in
steps of 0.31, so small differences come out as nothing or too large.
"""

from __future__ import annotations

from phonofilm.metrics._features.yamnet import Yamnet
from phonofilm.metrics._kinds.divergence import Divergence
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class KlYamnet(Divergence):
    """See the module."""

    name = "kl-yamnet"
    version = 1
    uses = AV(False, True)
    source = Source(
        "arXiv 2110.08791 and 2209.15352, with another network",
        "hkchengrex/av-benchmark av_bench/metrics/kl.py, haoheliu/audioldm_eval audioldm_eval/metrics/kl.py",
        "MIT",
    )
    extractor = Yamnet


metric = KlYamnet

"""KL of PANNs' classes in the form of audioldm_eval (AudioLDM, arXiv 2301.12503): its "KL", of the softmax.

For each clip and the reference clip of the same file name: ``sum p (log p - log(q + 1e-6))`` over AudioSet's 527
classes, where ``p`` and ``q`` are the softmax of the reference's and the clip's logits
(:mod:`phonofilm.metrics._features.panns`); the mean over clips. The 1e-6 holds a pair below 13.9 nats and lets equal
clips score slightly below 0. The sound is heard as haoheliu/audioldm_eval does: first channel, less its mean over time,
the whole length, silence up to 2 s. Classes are not exclusive in AudioSet (the network was trained with a sigmoid), and
audioldm_eval gives a second number for that, which is not this one.

``kl-panns-avbenchmark`` is the exact divergence and hears otherwise: the two do not compare. audioldm_eval's authors
found it to move by 0.4 with the way of resampling.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features._listening import AUDIOLDM_EVAL
from phonofilm.metrics._features.panns import Panns
from phonofilm.metrics._kinds.tags import TagDivergence
from phonofilm.metrics._maths.divergence import floored_kl
from phonofilm.metrics._score import Source


class KlPannsAudioldmeval(TagDivergence):
    """See the module."""

    name = "kl-panns-audioldmeval"
    version = 1
    source = Source("arXiv 2301.12503", "github.com/haoheliu/audioldm_eval", "MIT")
    extractor, listening = Panns, AUDIOLDM_EVAL

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """The divergence with its floor."""
        return floored_kl(own, true)


metric = KlPannsAudioldmeval

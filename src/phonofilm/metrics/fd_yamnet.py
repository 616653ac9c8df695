"""The Frechet distance between YAMNet's embeddings of the clips' sounds and of the reference clips'.

All patches of 0.96 s of all clips are pooled, 1,024 values each; see :mod:`phonofilm.metrics._features.yamnet`. Lower
is better. It is what FAD is with VGGish, but from a small network in 8 bits, so its values compare with each other
only, and only at equal numbers and lengths of clips: a few thousand patches are less than it takes to be rid of bias.
``fd-yamnet-inf`` takes the bias off that comes from the number of clips, where these have 4,096 patches or more.
"""

from __future__ import annotations

from phonofilm.metrics._features.yamnet import Yamnet
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FdYamnet(FrechetDistance):
    """See the module."""

    name = "fd-yamnet"
    version = 1
    uses = AV(False, True)
    source = Source(
        "arXiv 1812.08466, with another network", "tensorflow/models research/audioset/yamnet", "Apache-2.0"
    )
    extractor = Yamnet


metric = FdYamnet

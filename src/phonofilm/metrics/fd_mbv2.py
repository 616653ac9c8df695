"""The Frechet distance between MobileNetV2's embeddings of the clips' pictures and of the reference clips'.

Four frames a second of all clips are pooled, 1,280 values each; see :mod:`phonofilm.metrics._features.mobilenet`. Lower
is better. Like FID it looks at single pictures, so it sees nothing of how they move; it is from a small network in 8
bits, so its values compare with each other only, and only at equal numbers and lengths of clips. ``fd-mbv2-inf`` takes
the bias off that comes from the number of clips, where these have 5,120 pictures or more.
"""

from __future__ import annotations

from phonofilm.metrics._features.mobilenet import MobileNetV2
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FdMbv2(FrechetDistance):
    """See the module."""

    name = "fd-mbv2"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 1706.08500, with another network", "google-coral/test_data", "Apache-2.0")
    extractor = MobileNetV2


metric = FdMbv2

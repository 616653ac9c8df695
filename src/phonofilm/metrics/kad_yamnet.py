"""KAD (arXiv 2502.15602): kernel distance between YAMNet's embeddings of the clips' sounds and of the reference clips'.

100 times the unbiased squared maximum mean discrepancy with a Gaussian kernel, whose bandwidth is the median distance
between two patches of the reference, as YoonjinXD/kadtk computes it (``kadtk/kad.py``); all patches of 0.96 s of all
clips are pooled (:mod:`phonofilm.metrics._features.yamnet`). Lower is better. It does not depend on the number of clips
on average, and clips like the reference clips come out at 0, half of the time below. The bandwidth is the reference's,
so distances to different references do not compare.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features.yamnet import Yamnet
from phonofilm.metrics._kinds.set_distance import KernelDistance
from phonofilm.metrics._maths.mmd import Kernel, Rbf
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class KadYamnet(KernelDistance):
    """See the module."""

    name = "kad-yamnet"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2502.15602, with another network", "YoonjinXD/kadtk kadtk/kad.py", "MIT")
    extractor = Yamnet
    scale, unit = 100.0, "x 100"

    def kernel(self, reference: np.ndarray) -> Kernel:
        """Gaussian, as wide as half of the reference's distances."""
        return Rbf.by_median(reference)


metric = KadYamnet

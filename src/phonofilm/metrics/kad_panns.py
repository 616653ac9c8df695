"""KAD-PANNs: the kernel audio distance (arXiv 2502.15602) on CNN14 of PANNs at 16 kHz.

100 times the unbiased squared maximum mean discrepancy between the clips' vectors of 2,048 values
(:mod:`phonofilm.metrics._features.panns`), one for each clip, with a Gaussian kernel whose bandwidth is the median
distance between two reference vectors. The sound is heard as YoonjinXD/kadtk does for its model ``panns-cnn14-16k``:
mean of the channels, the whole length. kadtk's detour by 16-bit files and its storing of vectors as float16 are left
out. Its default model is another one, ``panns-wavegram-logmel``.

The bandwidth is the reference's by the paper and by kadtk's README; kadtk's own command computes it from the other set
(kadtk/kad.py: ``score`` hands the reference over first, and the median is taken of the second).

Unlike Frechet's distance it is right on average for few clips. It can be below 0, where the sets are as near as two
halves of one.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features._listening import KADTK
from phonofilm.metrics._features.panns import Panns
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.set_distance import KernelDistance
from phonofilm.metrics._maths.mmd import Kernel, Rbf
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class KadPanns(KernelDistance):
    """See the module."""

    name = "kad-panns"
    version = 1
    uses = AV(False, True)
    unit = "x 100"
    scale = 100.0
    source = Source("arXiv 2502.15602", "github.com/YoonjinXD/kadtk", "MIT")
    extractor = Panns

    @classmethod
    def of(cls, given: Given) -> KadPanns:
        """With the weights that are given."""
        extractor = Panns(given, KADTK)
        return cls(extractor, extractor.about)

    def kernel(self, reference: np.ndarray) -> Kernel:
        """A Gaussian as wide as the reference."""
        return Rbf.by_median(reference)


metric = KadPanns

"""KVD (arXiv 1812.01717), in MM-Diffusion's form: an unbiased estimate that does not depend on the number of clips.

The squared maximum mean discrepancy between the 400 logits that I3D of Kinetics-400 gives for each clip and those of
the reference clips, which are those of ``fvd-i3d400-mmdiffusion``, with the kernel ``(x.y / 400 + 1)^3`` over all
pairs of different clips. Lower is better; clips like the reference clips come out at 0 on average, and so half of the
time below.

The features are as the network gives them. JavisBench's Frechet distance takes the means off its arguments in place
and its KVD is then computed on what is left, so its values lack all difference of means and do not compare with these.
"""

from __future__ import annotations

import numpy as np

from phonofilm.metrics._features.i3d import I3dMmDiffusion
from phonofilm.metrics._kinds.set_distance import KernelDistance
from phonofilm.metrics._maths.mmd import Polynomial
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class KvdI3d400(KernelDistance):
    """See the module."""

    name = "kvd-i3d400"
    version = 1
    uses = AV(True, False)
    source = Source(
        "arXiv 1812.01717 and 2212.09478", "github.com/researchmm/MM-Diffusion mm_diffusion/evaluator.py", "MIT"
    )
    extractor = I3dMmDiffusion

    def kernel(self, reference: np.ndarray) -> Polynomial:
        """``(x.y / d + 1)^3``."""
        return Polynomial()


metric = KvdI3d400

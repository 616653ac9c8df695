"""FVD in MM-Diffusion's form (arXiv 2212.09478), of 1.6 s.

The Frechet distance between the 400 logits that I3D of Kinetics-400 gives for each clip and those of the reference
clips (:class:`~phonofilm.metrics._features.i3d.I3dMmDiffusion`): 16 frames at 10 a second, letterboxed to 64 x 64
(bicubic), then 224 x 224 (bilinear), [-1, 1]; so ``py_scripts/eval.py`` there. It differs in two things. Of a longer
clip the first 1.6 s count, where MM-Diffusion draws windows at random until it has 2,048: cut reference films into
pieces of 1.6 s to use them whole. And the trace of the root is computed from singular values in float64, where
MM-Diffusion roots covariances in float32.

Lower is better. Nothing finer than 64 x 64 is seen. Distances of different numbers of clips do not compare; 2,048 on
both sides are published.
"""

from __future__ import annotations

from phonofilm.metrics._features.i3d import I3dMmDiffusion
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FvdI3d400MmDiffusion(FrechetDistance):
    """See the module."""

    name = "fvd-i3d400-mmdiffusion"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 2212.09478", "github.com/researchmm/MM-Diffusion mm_diffusion/evaluator.py", "MIT")
    extractor = I3dMmDiffusion


metric = FvdI3d400MmDiffusion

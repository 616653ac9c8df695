"""FAD-VGGish: the Frechet audio distance (arXiv 1812.08466), as av-benchmark's FD-VGG and audioldm_eval's FAD.

Of each clip's sound one embedding of 128 values for each whole 0.96 s (:mod:`phonofilm.metrics._features.vggish`: last
rectifier off, no PCA); the patches of all clips are pooled on each side, and Frechet's distance is taken between the
two Gaussians. The sound is heard as hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the
first 8 s. haoheliu/audioldm_eval takes the first channel and the whole length instead, and other toolkits keep the last
rectifier or the PCA: their numbers do not compare with these where that matters. MM-Diffusion's and JavisBench's "FAD"
is another thing, ``fad-audioclip``.

A lower value means that pieces of 0.96 s sound as those of the reference do; their order, and what is seen, do not
matter. Small sets come out too large; ``fad-vggish-inf`` is extrapolated to infinitely many clips.
"""

from __future__ import annotations

from phonofilm.metrics._features.vggish import Vggish
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FadVggish(FrechetDistance):
    """See the module."""

    name = "fad-vggish"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 1812.08466", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor = Vggish


metric = FadVggish

"""FD-PaSST: Frechet's distance on PaSST, as av-benchmark's FD-PASST.

One vector of 768 values for each clip (:mod:`phonofilm.metrics._features.passt`). The sound is heard as
hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the first 8 s, then silence up to 10 s.

With fewer clips than 768 both covariances are singular and the distance is mostly that of their number: compare equal
numbers of clips, or read ``fd-passt-inf``. Clips of different lengths differ in their silence too.
"""

from __future__ import annotations

from phonofilm.metrics._features.passt import Passt
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FdPasst(FrechetDistance):
    """See the module."""

    name = "fd-passt"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2412.15322", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor = Passt


metric = FdPasst

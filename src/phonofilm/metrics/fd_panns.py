"""FD-PANNs: Frechet's distance on CNN14 of PANNs, as av-benchmark's FD-PANN.

One vector of 2,048 values for each clip, whatever its length (:mod:`phonofilm.metrics._features.panns`). The sound is
heard as hkchengrex/av-benchmark does: mean of the channels, less its mean over time, the first 8 s; audioldm_eval's
"FD" (AudioLDM, arXiv 2301.12503) differs in taking the first channel and the whole length.

With fewer clips than 2,048 both covariances are singular and the distance is mostly that of their number: compare equal
numbers of clips, or read ``fd-panns-inf``. audioldm_eval's authors found it to move by 30 with the way of resampling,
and to call silence good.
"""

from __future__ import annotations

from phonofilm.metrics._features.panns import Panns
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FdPanns(FrechetDistance):
    """See the module."""

    name = "fd-panns"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2301.12503", "github.com/hkchengrex/av-benchmark", "MIT")
    extractor = Panns


metric = FdPanns

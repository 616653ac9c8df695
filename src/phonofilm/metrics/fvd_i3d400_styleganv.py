"""FVD in StyleGAN-V's form (arXiv 2112.14683 after 1812.01717), of 16 frames of 224 x 224: fvd2048_16f there.

The Frechet distance between the 400 logits that I3D of Kinetics-400 gives for each clip and those of the reference
clips (:class:`~phonofilm.metrics._features.i3d.I3dStyleganV`): the first 16 frames at the film's own rate, short side
224 (bilinear, without antialiasing), middle square, [-1, 1], as JunyaoHu/common_metrics_on_video_quality
``fvd/styleganv/fvd.py`` does it. StyleGAN-V itself hands square 8-bit frames to the script and lets that resize and
scale them, and takes its real clips from random places. Covariances are divided by n, as there
(``src/metrics/metric_utils.py``); common_metrics_on_video_quality divides by n - 1.

Lower is better. It sees what is shown rather more than how it moves; 16 frames are 0.64 s at 25 frames a second and
2 s at 8, so distances of different rates do not compare. Nor do those of different numbers of clips: with less than
about 2,000 on both sides the value is mostly that of their number.
"""

from __future__ import annotations

from phonofilm.metrics._features.i3d import I3dStyleganV
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FvdI3d400StyleganV(FrechetDistance):
    """See the module."""

    name = "fvd-i3d400-styleganv"
    version = 2
    uses = AV(True, False)
    source = Source(
        "arXiv 2112.14683 after 1812.01717",
        "github.com/universome/stylegan-v src/metrics/frechet_video_distance.py, "
        "github.com/JunyaoHu/common_metrics_on_video_quality",
        "NVIDIA's non-commercial, and none: formula only",
    )
    extractor = I3dStyleganV
    ddof = 0


metric = FvdI3d400StyleganV

"""Content-debiased FVD (arXiv 2404.12391): of features that were learnt from motion, so that motion counts.

The Frechet distance between the features that VideoMAE V2 (ViT-g/14, fine-tuned on Something-Something V2) gives for
each clip and those of the reference clips (:class:`~phonofilm.metrics._features.videomae.VideoMaeG`): the first 16
frames at the film's own rate, pressed to 224 x 224, in [0, 1]; so songweige/content-debiased-fvd ``cdfvd/fvd.py``
for frames in memory (its reader of folders crops films to a square beforehand and begins anywhere). Covariances are
divided by n, as there.

Lower is better. There are 1,408 features, so it takes more clips than the other forms before the value is not mostly
that of their number; 2,048 are published.
"""

from __future__ import annotations

from phonofilm.metrics._features.videomae import VideoMaeG
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FvdVideoMae(FrechetDistance):
    """See the module."""

    name = "fvd-videomae"
    version = 2
    uses = AV(True, False)
    source = Source(
        "arXiv 2404.12391", "github.com/songweige/content-debiased-fvd", "MIT; parts NVIDIA's non-commercial"
    )
    extractor = VideoMaeG
    ddof = 0


metric = FvdVideoMae

"""FVD in JavisBench's form (arXiv 2503.23377), of 16 frames of each clip, whatever its length.

The Frechet distance between the 400 logits that I3D of Kinetics-400 gives for each clip and those of the reference
clips (:class:`~phonofilm.metrics._features.i3d.I3dJavisBench`): 16 frames at even distances from the first to the
last, letterboxed to 224 x 224, and shown to the network at half their contrast, since
``eval/javisbench/src/dataset.py`` takes pictures in [0, 1] for pictures in [-1, 1]. Kept as it is, so that published
values can be compared. 16 is what the command in its README asks for (``MAX_FRAMES=16``); without it the program takes
24, and so did version 1.

Lower is better. It descends from MM-Diffusion's and bears no number of it: other frames, other size, other contrast.
Clips of other lengths are shown at other speeds. JavisBench compares as many clips of the one as of the other, 10,140
or 1,000.
"""

from __future__ import annotations

from phonofilm.metrics._features.i3d import I3dJavisBench
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FvdI3d400JavisBench(FrechetDistance):
    """See the module."""

    name = "fvd-i3d400-javisbench"
    version = 2
    uses = AV(True, False)
    source = Source("arXiv 2503.23377", "github.com/JavisVerse/JavisDiT eval/javisbench/src/metrics.py", "Apache-2.0")
    extractor = I3dJavisBench


metric = FvdI3d400JavisBench

"""The Frechet distance between CLIP's embeddings of the clips' pictures and of the reference clips'.

48 frames of each clip, evenly from the first to the last (OpenAI's ViT-B/32, unit length, 512 values; the reading that
``clip-score`` makes, see :mod:`phonofilm.metrics._features.clip`), all clips' frames pooled. Lower is better. CLIP was
proposed for FID in place of Inception, whose features follow ImageNet's classes (arXiv 2203.06026); FID with CLIP takes
single pictures and embeddings of any length, so its published values do not compare with these.

It looks at single pictures and sees nothing of how they move. Frames of one clip resemble each other, so the number of
clips counts rather than that of frames: compare equal numbers and lengths of clips only.
"""

from __future__ import annotations

from phonofilm.metrics._features.clip import Clip
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FdClipImage(FrechetDistance):
    """See the module."""

    name = "fd-clip-image"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 2203.06026, with frames of clips", "GaParmar/clean-fid (formula)", "MIT")
    extractor = Clip


metric = FdClipImage

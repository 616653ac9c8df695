"""IB-TV: the cosine between ImageBind's embeddings of a clip's sentence and of its picture, mean over clips.

Of the picture five stretches of 2 s are seen, two frames and three squares of each
(:mod:`phonofilm.metrics._features.imagebind`), as JavisBench (arXiv 2503.23377) does. Long sentences: see
:mod:`phonofilm.metrics.imagebind_text_audio`. Frames far apart tell little of motion.
"""

from __future__ import annotations

from phonofilm.metrics._features.imagebind import ImageBindPicture
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class ImageBindTextVideo(Captioned):
    """See the module."""

    name = "imagebind-text-video"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 2305.05665", "facebookresearch/ImageBind", "CC BY-NC-SA 4.0: own code")
    reader = ImageBindPicture


metric = ImageBindTextVideo

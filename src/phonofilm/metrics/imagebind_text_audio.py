"""IB-TA: the cosine between ImageBind's embeddings of a clip's sentence and of its sound, mean over clips.

Of the sound three stretches of 2 s are heard (:mod:`phonofilm.metrics._features.imagebind`). Known from JavisBench
(arXiv 2503.23377) and Verse-Bench. JavisBench's copy of the tokenizer drops the end token of sentences of more than 75
tokens and reads the embedding off another place; here, as in ImageBind's own code, the end token stays.
"""

from __future__ import annotations

from phonofilm.metrics._features.imagebind import ImageBindSound
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class ImageBindTextAudio(Captioned):
    """See the module."""

    name = "imagebind-text-audio"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2305.05665", "facebookresearch/ImageBind", "CC BY-NC-SA 4.0: own code")
    reader = ImageBindSound


metric = ImageBindTextAudio

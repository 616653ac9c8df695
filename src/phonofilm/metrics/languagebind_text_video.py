"""LanguageBind, text and video: the cosine between the embeddings of a clip's sentence and picture, mean over clips.

Eight frames, seen by ``LanguageBind_Video_FT`` (:mod:`phonofilm.metrics._features.languagebind`), as SVG
(arXiv 2409.17550) uses it. The sentence is read by the text tower of the picture's network; its authors kept that one
frozen, so that all of the family have the same.
"""

from __future__ import annotations

from phonofilm.metrics._features.languagebind import LanguageBindPicture
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class LanguageBindTextVideo(Captioned):
    """See the module."""

    name = "languagebind-text-video"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 2310.01852", "PKU-YuanGroup/LanguageBind", "MIT")
    reader = LanguageBindPicture


metric = LanguageBindTextVideo

"""LanguageBind, text and audio: the cosine between the embeddings of a clip's sentence and sound, mean over clips.

Three spectrograms, heard by ``LanguageBind_Audio_FT`` (:mod:`phonofilm.metrics._features.languagebind`), as SVG
(arXiv 2409.17550) uses it. The sentence is read by the text tower of the sound's network; its authors kept that one
frozen, so that all of the family have the same.
"""

from __future__ import annotations

from phonofilm.metrics._features.languagebind import LanguageBindSound
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class LanguageBindTextAudio(Captioned):
    """See the module."""

    name = "languagebind-text-audio"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2310.01852", "PKU-YuanGroup/LanguageBind", "MIT")
    reader = LanguageBindSound


metric = LanguageBindTextAudio

"""CLAP score: the cosine between the embeddings of a clip's sentence and of its sound, mean over clips.

As SVG (arXiv 2409.17550) and JavisBench (arXiv 2503.23377) use it: ``laion/clap-htsat-unfused`` at 48 kHz (see
:mod:`phonofilm.metrics._features.clap`). The numbers of av-benchmark and MMAudio come from other CLAPs (LAION's
``630k-audioset``, Microsoft's) and do not compare. The network looks at 10 s and was trained on captions of what
sounds: sentences about the picture lower the score, and the time of events has no influence on it.
"""

from __future__ import annotations

from phonofilm.metrics._features.clap import Clap
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class ClapScore(Captioned):
    """See the module."""

    name = "clap-score"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2211.06687", "JavisVerse/JavisDiT eval/javisbench/src/metrics.py", "Apache-2.0")
    reader = Clap


metric = ClapScore

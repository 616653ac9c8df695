"""CLIP score: the cosine between the embeddings of a clip's sentence and of its frames, mean over frames, then clips.

As JavisBench (arXiv 2503.23377) has it: OpenAI's ViT-B/32, 48 frames evenly from first to last, each resized to
224 pixels on its shorter side and cut to the middle square, and a sentence cut at 77 tokens. Neither the factor
2.5 (or 100) nor the cut at 0 that other definitions have is applied. Published numbers on GPUs come from float16.
It knows nothing of motion: frames in any order score the same, and so does a still picture.
"""

from __future__ import annotations

from phonofilm.metrics._features.clip import Clip
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class ClipScore(Captioned):
    """See the module."""

    name = "clip-score"
    version = 1
    uses = AV(True, False)
    source = Source("arXiv 2104.08718", "JavisVerse/JavisDiT eval/javisbench/src/metrics.py", "Apache-2.0")
    reader = Clip


metric = ClipScore

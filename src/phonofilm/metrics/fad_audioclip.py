"""FAD-AudioCLIP: what MM-Diffusion and JavisBench call FAD: 10,000 times Frechet's distance on AudioCLIP.

One vector of 1,024 values for each clip, not normalised (:mod:`phonofilm.metrics._features.audioclip`). The sound is
heard as researchmm/MM-Diffusion does (mm_diffusion/evaluator.py): first channel at 44.1 kHz, 1.6 s, what is missing
filled with silence. MM-Diffusion cuts long films into clips of 16 frames; here a film is one clip, and its first 1.6 s
count. JavisVerse/JavisDiT (eval/javisbench) hands sound of 16 kHz and any length to the same network, which hears it
2.8 times too fast, so its values do not compare.

MM-Diffusion never puts the network into evaluation mode, so that its batch normalisation takes mean and variance over
the 8 clips that happen to be read together, and the values depend on their order. That is no property of a clip: here,
as in JavisBench, the network is in evaluation mode. Values published by either are not met to the digit.

With fewer clips than 1,024 both covariances are singular and the distance is mostly that of their number.
"""

from __future__ import annotations

from phonofilm.metrics._features.audioclip import AudioClip
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FadAudioclip(FrechetDistance):
    """See the module."""

    name = "fad-audioclip"
    version = 1
    uses = AV(False, True)
    unit = "x 10,000"
    scale = 10_000.0
    source = Source("arXiv 2212.09478", "github.com/researchmm/MM-Diffusion", "MIT")
    extractor = AudioClip


metric = FadAudioclip

"""FAD-CLAP: the Frechet distance between CLAP's embeddings of the clips' sounds and of the reference clips'.

One embedding of unit length for each clip (``laion/clap-htsat-unfused`` at 48 kHz, see
:mod:`phonofilm.metrics._features.clap`); mean and covariance over clips. The name is used for other networks too:
fadtk's ``clap-laion-audio`` takes LAION's larger ``630k-audioset`` checkpoint and many pieces of each clip, so its
numbers do not compare. With fewer clips than the embedding's 512 values the covariance is singular and the
distance biased upwards: compare equal numbers of clips only.
"""

from __future__ import annotations

from phonofilm.metrics._features.clap import Clap
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FadClap(FrechetDistance):
    """See the module."""

    name = "fad-clap"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2311.01616", "microsoft/fadtk (formula)", "MIT")
    extractor = Clap


metric = FadClap

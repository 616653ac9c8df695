"""FAD on CLAP, of its embeddings ``laion/clap-htsat-unfused``: the clips' sounds against the reference clips'.

The Frechet distance of one embedding of unit length for each clip (at 48 kHz, see
:mod:`phonofilm.metrics._features.clap`); mean and covariance over clips. It is this project's: no published FAD-CLAP is
made so. fadtk's ``clap-laion-audio`` takes the checkpoint ``630k-audioset-best`` and one embedding for each second, of
the 10 s from there on, so its numbers do not compare. With fewer clips than the embedding's 512 values the covariance
is singular and the distance biased upwards: compare equal numbers of clips only.
"""

from __future__ import annotations

from phonofilm.metrics._features.clap import Clap
from phonofilm.metrics._kinds.set_distance import FrechetDistance
from phonofilm.metrics._score import Source
from phonofilm.pair import AV


class FadClapHtsatUnfused(FrechetDistance):
    """See the module."""

    name = "fad-clap-htsat-unfused"
    version = 1
    uses = AV(False, True)
    source = Source("arXiv 2311.01616, with another checkpoint", "microsoft/fadtk (formula)", "MIT")
    extractor = Clap


metric = FadClapHtsatUnfused

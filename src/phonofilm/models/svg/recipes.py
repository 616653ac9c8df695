"""How the sizes that ship are trained: settings of :mod:`phonofilm.training`, as data.

The order is the paper's: each base network learns alone (the published model takes AnimateDiff and AudioLDM
from others), then connectors, adapters and motion layers learn jointly while the rest is frozen.
"""

from __future__ import annotations

from typing import Any

from phonofilm.codecs import audio_vae, video_vae
from phonofilm.errors import unknown_name
from phonofilm.models.svg.config import Coupling, SVGConfig
from phonofilm.pair import AV

RECIPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "codec": AV(video_vae.TINY, audio_vae.TINY),
        "scenes": 16_000,
        "captions": 4_000,
        # Noise levels lie high: latents of scenes this small are all but known below 0.7 (docs/log.md).
        "video": {"clips": 60_000, "batch": 16, "learning_rate": 1e-3, "noise": {"mean": 1.5}},
        "audio": {"clips": 100_000, "batch": 16, "learning_rate": 1e-3, "noise": {"mean": 1.8}, "precision": "bf16"},
        # Wide in the joint stage: a modality learns from the other where that one is the clearer of the two.
        "joint": {
            "clips": 40_000,
            "batch": 8,
            "learning_rate": 5e-4,
            "noise": {"mean": 0.75, "std": 1.5, "uniform": 0.2},
        },
    },
}
"""By size: the codec's sizes, scenes to cache, captions to train the tokenizer on, and what differs from the defaults
in each stage."""


COUPLINGS = tuple(kind.value for kind in Coupling)
"""How the base networks can be joined; the first, where nothing is asked for."""


def uncoupled(config: SVGConfig) -> SVGConfig:
    """The two base networks alone."""
    return coupled(config, Coupling.NONE.value)


def coupled(config: SVGConfig, kind: str) -> SVGConfig:
    """The same base networks joined in another way, one of :data:`COUPLINGS`.

    Raises:
        SettingError: for another kind; the nearest one is offered.
    """
    if kind not in COUPLINGS:
        raise unknown_name("coupling", kind, COUPLINGS)
    return config.model_copy(update={"coupling": config.coupling.model_copy(update={"kind": Coupling(kind)})})

"""How the sizes that ship are trained: settings of :mod:`phonofilm.training`, as data.

The order is the paper's: each base network learns alone (the published model takes AnimateDiff and AudioLDM
from others), then connectors, adapters and motion layers learn jointly while the rest is frozen.
"""

from __future__ import annotations

from typing import Any

from phonofilm.models.svg.config import Coupling, SVGConfig

RECIPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "scenes": 16_000,
        "captions": 4_000,
        "video": {"clips": 60_000, "batch": 16, "learning_rate": 1e-3},
        "audio": {"clips": 60_000, "batch": 16, "learning_rate": 1e-3},
        "joint": {"clips": 40_000, "batch": 16, "learning_rate": 7e-4},
    },
}
"""By size: scenes to cache, captions to train the tokenizer on, and what differs from the defaults in each stage."""


def uncoupled(config: SVGConfig) -> SVGConfig:
    """The two base networks alone."""
    return coupled(config, Coupling.NONE.value)


def coupled(config: SVGConfig, kind: str) -> SVGConfig:
    """The same base networks joined in another way: ``cmc-pe``, ``cross-attention`` or ``none``."""
    return config.model_copy(update={"coupling": config.coupling.model_copy(update={"kind": Coupling(kind)})})

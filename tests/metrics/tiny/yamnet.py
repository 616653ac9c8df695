"""YAMNet itself where it is, or a fixed linear map with its inputs and outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phonofilm.metrics._features import yamnet
from tests.metrics.real import real


class StandIn:
    """Random projections of the mean over time."""

    def __call__(self, patches):
        rng = np.random.default_rng(0)
        seen = np.stack(list(patches)).mean(axis=1)
        return {
            name: np.maximum(0, seen @ rng.standard_normal((seen.shape[1], *inside.size)).astype(np.float32))
            for name, inside in yamnet.LAYOUT.inside.items()
        }


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """The file, or one that stands for it."""
    path = real("yamnet")
    if path is None:
        patch.setattr(yamnet.Yamnet, "published", replace(yamnet.Yamnet.published, sha256=""))
        patch.setattr(yamnet.Yamnet, "load", lambda self: StandIn())
        path = str(folder / "yamnet.tflite")
        Path(path).write_bytes(b"stands in")
    return {"yamnet": path}

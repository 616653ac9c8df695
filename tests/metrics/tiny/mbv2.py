"""MobileNetV2 itself where it is, or a fixed linear map with its inputs and outputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phonofilm.metrics._features import mobilenet
from tests.metrics.real import real


class StandIn:
    """Random projections of the picture's rows and columns."""

    def __call__(self, pictures):
        rng = np.random.default_rng(0)
        seen = np.stack([np.concatenate([one.mean(axis=0), one.mean(axis=1)]).ravel() / 255 for one in pictures])
        return {
            name: np.maximum(0, seen @ rng.standard_normal((seen.shape[1], *inside.size))).astype(np.float32)
            for name, inside in mobilenet.LAYOUT.inside.items()
        }


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """The file, or one that stands for it."""
    path = real("mbv2")
    if path is None:
        patch.setattr(mobilenet.MobileNetV2, "published", replace(mobilenet.MobileNetV2.published, sha256=""))
        patch.setattr(mobilenet.MobileNetV2, "load", lambda self: StandIn())
        path = str(folder / "mbv2.tflite")
        Path(path).write_bytes(b"stands in")
    return {"mbv2": path}

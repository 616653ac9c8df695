"""SyncNet and S3FD, small: the detector sees one face of 40 pixels in the middle of every picture of 64."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from phonofilm.metrics._features import s3fd, syncnet
from phonofilm.metrics._features._faces import Rules
from phonofilm.metrics._features._s3fd import S3fdNet
from phonofilm.metrics._features._s3fd import Sizes as FaceSizes
from phonofilm.metrics._features._syncnet import Sizes, SyncNetNet
from tests.metrics.tiny.synchformer import drawn

FACES, SMALL = FaceSizes(width=2), Sizes(sound=(2, 3, 4, 4, 4, 6), lips=(2, 3, 3, 3, 3, 6), out=8)
RULES = Rules(scale=1, frames=20, face=30)
SIDE = 40


def staring() -> dict[str, Tensor]:
    """The one square of the fifth map is a face of 40 pixels, and no other square is one."""
    state = {name: torch.zeros_like(value) for name, value in S3fdNet(FACES).state_dict().items()}
    for level in range(6):
        sure = torch.tensor([-5.0, 5.0] if level == 4 else [5.0] * 3 + [-5.0] if level == 0 else [5.0, -5.0])
        state[f"conf.{level}.bias"] = sure
    state["loc.4.bias"] = torch.tensor([0, 0, 1, 1]) * math.log(SIDE / 256) / 0.2
    return state


def voices(seed: int = 5) -> dict[str, Tensor]:
    """Random weights, with variances that are none below 0, and no counters, as files of old versions of torch."""
    state = drawn(SyncNetNet(SMALL), seed, 0.4)
    return {
        name: value.abs() + 0.5 if name.endswith("running_var") else value
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """State dictionaries as their authors gave them out."""
    patch.setattr(syncnet, "PUBLISHED", SMALL)
    patch.setattr(s3fd, "PUBLISHED", FACES)
    for reading, published in ((syncnet.SyncNet, syncnet.WEIGHTS), (s3fd.Faces, s3fd.WEIGHTS)):
        patch.setattr(reading, "published", replace(published, sha256=""))
    patch.setattr(s3fd, "RULES", RULES)
    torch.save(staring(), folder / "sfd_face.pth")
    torch.save(voices(), folder / "syncnet_v2.model")
    return {"s3fd": str(folder / "sfd_face.pth"), "syncnet": str(folder / "syncnet_v2.model")}

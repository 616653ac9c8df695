"""Synchformer, small: 32-pixel pictures and lines of 3 segments, asked about 2 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from phonofilm.metrics import desync_avbenchmark, desync_javisbench, desync_synchformer, desync_versebench
from phonofilm.metrics._features import synchformer
from phonofilm.metrics._features._synchformer import Sizes, SynchformerNet

SMALL = Sizes(
    width=16,
    video_depth=2,
    video_heads=2,
    audio_depth=2,
    audio_heads=4,
    joint_depth=2,
    joint_heads=8,
    segments=3,
    side=32,
)


def drawn(network: nn.Module, seed: int, scale: float = 0.2) -> dict[str, Tensor]:
    """Normal numbers in the order of the weights' names; around 1 for scales of norms."""
    rng = np.random.default_rng(seed)
    state = dict(sorted(network.state_dict().items()))
    norms = {
        f"{name}.weight"
        for name, part in network.named_modules()
        if isinstance(part, nn.LayerNorm | nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)
    }
    return {
        name: torch.from_numpy(rng.normal(float(name in norms), scale, value.shape).astype(np.float32))
        for name, value in state.items()
    }


def give(folder: Path, patch: pytest.MonkeyPatch, seed: int = 3) -> dict[str, str]:
    """A state dictionary as the MMAudio release has it."""
    patch.setattr(synchformer, "PUBLISHED", SMALL)
    for module in (desync_avbenchmark, desync_synchformer, desync_versebench):
        patch.setattr(module, "SECONDS", 2)
    for module in (desync_javisbench, desync_versebench):
        patch.setattr(module, "SEGMENTS", 2)
    place = folder / "synchformer_state_dict.pth"
    torch.save(drawn(SynchformerNet(SMALL), seed), place)
    return {"synchformer": str(place)}

"""VideoMAE V2 with few, large tokens, wrapped and halved as its authors' file is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from phonofilm.metrics._features import videomae
from tests.metrics.sown import sow

SMALL = videomae.Sizes(patch=56, width=12, depth=2, heads=3, hidden=20, classes=5)


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A checkpoint."""
    patch.setattr(videomae, "PUBLISHED", SMALL)
    path = folder / "vit_g_hybrid_pt_1200e_ssv2_ft.pth"
    state = sow(videomae.VideoMae(SMALL)).state_dict()
    torch.save({"module": {name: value.half() for name, value in state.items()}}, path)
    return {"videomae-g-ssv2": str(path)}

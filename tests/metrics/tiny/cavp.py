"""CAVP, small, with names as the file of its authors has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from phonofilm.metrics._features import cavp
from phonofilm.metrics._features.cavp import CavpNet, Sizes
from tests.metrics.sown import sow

SMALL = Sizes(base=4, stages=(1, 2, 1, 1), widths=(2, 3, 4, 5, 6, 8), embedding=10, side=32)


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A checkpoint as it was published."""
    patch.setattr(cavp, "PUBLISHED", SMALL)
    patch.setattr(cavp.Cavp, "published", replace(cavp.CAVP, sha256=""))
    folder.mkdir(exist_ok=True, parents=True)
    state = {f"module.{name}": value for name, value in sow(CavpNet(SMALL)).state_dict().items()}
    torch.save({"epoch": 66, "state_dict": state}, folder / "cavp_epoch66.ckpt")
    return {"cavp": str(folder / "cavp_epoch66.ckpt")}

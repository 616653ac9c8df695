"""PaSST with few and narrow blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from phonofilm.metrics._features import passt
from tests.metrics.sown import sow

SMALL = passt.Size(width=12, depth=2, heads=2, classes=11)


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A flat file of weights."""
    patch.setattr(passt, "PUBLISHED", SMALL)
    patch.setattr(passt.Passt, "published", replace(passt.Passt.published, sha256=""))
    path = folder / "passt.pt"
    torch.save(sow(passt.Network(SMALL)).state_dict(), path)
    return {"passt-s-ap476": str(path)}

"""VGGish with few channels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from phonofilm.metrics._features import vggish
from tests.metrics.sown import sow

SMALL = vggish.Size(stages=((4,), (6,), (6, 8), (8, 8)), hidden=16, embedding=5)


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A flat file of weights, as torch.hub fetches it."""
    patch.setattr(vggish, "PUBLISHED", SMALL)
    patch.setattr(vggish.Vggish, "published", replace(vggish.Vggish.published, sha256=""))
    path = folder / "vggish.pth"
    torch.save(sow(vggish.Network(SMALL)).state_dict(), path)
    return {"vggish": str(path)}

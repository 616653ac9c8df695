"""I3D with few channels: as weights, and as a script that takes what StyleGAN-V's takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from phonofilm.metrics._features import i3d
from tests.metrics.sown import sow

SMALL = i3d.Sizes(stem=(4, 6), mixed=((1, 2, 2, 1, 2, 1),) * 9, classes=5)


class Script(nn.Module):
    """One convolution, and the mean over places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, SMALL.classes, (4, 32, 32), (4, 32, 32))

    def forward(self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False) -> Tensor:
        """Clips ``(B, 3, F, H, W)`` to ``(B, classes)``."""
        if rescale or resize or not return_features:
            return x.new_full((len(x), 1), float("nan"))
        return self.conv(x).mean(dim=(2, 3, 4))


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Both files."""
    patch.setattr(i3d, "PUBLISHED", SMALL)
    weights, script = folder / "i3d_pretrained_400.pt", folder / "i3d_torchscript.pt"
    torch.save(sow(i3d.InceptionI3d(SMALL)).state_dict(), weights)
    torch.jit.script(sow(Script())).save(str(script))
    return {"i3d-400": str(weights), "i3d-torchscript": str(script)}

"""ImageBind, small: pictures of 28 pixels and spectrograms of 128 x 204, with the trunks that are not used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from phonofilm.metrics._features import _imagebind, imagebind
from phonofilm.metrics._features._imagebind import ImageBindNet, Sizes, Trunk
from tests.metrics.small_tokens import SIZE, bytes_of_clip
from tests.metrics.sown import sow

SMALL = Sizes(Trunk(16, 2, 2), Trunk(12, 2, 3), Trunk(8, 2, 2), embedding=10, side=28, vocabulary=SIZE)


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A checkpoint as it was published, and a tokenizer."""
    patch.setattr(_imagebind, "PUBLISHED", SMALL)
    patch.setattr(imagebind._ImageBind, "published", replace(imagebind.IMAGEBIND, sha256=""))
    folder.mkdir(exist_ok=True, parents=True)
    network = ImageBindNet(SMALL)
    mask = network.state_dict()["modality_preprocessors.text.mask"].clone()
    state = {**sow(network).state_dict(), "modality_preprocessors.text.mask": mask}
    state |= {
        f"modality_trunks.{unused}.blocks.0.norm_1.weight": torch.ones(3) for unused in ("depth", "thermal", "imu")
    }
    torch.save(state, folder / "imagebind_huge.pth")
    tokens = bytes_of_clip(folder / "tokenizer.json")
    return {"imagebind": str(folder / "imagebind_huge.pth"), "clip-tokenizer": str(tokens)}

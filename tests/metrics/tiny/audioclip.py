"""AudioCLIP's audio head with few channels, and the window and wavelets that it starts from, bent a little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.signal import get_window

from phonofilm.metrics._features import audioclip
from tests.metrics.sown import sow

SMALL = audioclip.Size(width=8, blocks=(2, 1, 1, 1), groups=4, embedding=5)


def state() -> dict[str, torch.Tensor]:
    """Weights."""
    found = sow(audioclip.Network(SMALL)).state_dict()
    bend = torch.linspace(0, 1, audioclip.BINS)
    found["window"] = torch.from_numpy(get_window("blackmanharris", audioclip.WINDOW)).float()
    found["fbsp.m"], found["fbsp.fb"] = 2 * bend, 1 + bend
    found["fbsp.fc"] = torch.arange(audioclip.BINS) + 0.1 * bend
    return found


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A checkpoint with something of another head."""
    patch.setattr(audioclip, "PUBLISHED", SMALL)
    patch.setattr(audioclip.AudioClip, "published", replace(audioclip.AudioClip.published, sha256=""))
    path = folder / "AudioCLIP.pt"
    weights = {f"audio.{name}": value for name, value in state().items()}
    torch.save({**weights, "visual.conv1.weight": torch.zeros(2), "logit_scale": torch.zeros(())}, path)
    return {"audioclip": str(path)}

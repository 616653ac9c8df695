"""CNN14 with few channels, and the Fourier transform and mel filters that it is published with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from phonofilm.codecs.mel import mel_filters
from phonofilm.metrics._features import panns
from tests.metrics.sown import sow

SMALL = panns.Size(blocks=(4, 4, 6, 6, 8, 8), classes=11)


def state() -> dict[str, torch.Tensor]:
    """Weights."""
    found = sow(panns.Network(SMALL)).state_dict()
    turns = np.outer(np.arange(257), np.arange(512)) * 2 * np.pi / 512
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    found["spectrogram_extractor.stft.conv_real.weight"] = torch.from_numpy(window * np.cos(turns)).float()[:, None]
    found["spectrogram_extractor.stft.conv_imag.weight"] = torch.from_numpy(-window * np.sin(turns)).float()[:, None]
    found["logmel_extractor.melW"] = mel_filters(512, 64, 50.0, 8000.0, norm="slaney").T.contiguous()
    return found


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A checkpoint of training, with what is left of its sampler."""
    patch.setattr(panns, "PUBLISHED", SMALL)
    patch.setattr(panns.Panns, "published", replace(panns.Panns.published, sha256=""))
    path = folder / "Cnn14_16k.pth"
    torch.save({"iteration": 2, "model": state(), "sampler": {"indexes": np.arange(3), "pointer": 1}}, path)
    return {"panns-cnn14-16k": str(path)}

"""Where the small published networks lie, if they do."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

FILES = {"yamnet": "yamnet_spectra_in.tflite", "mbv2": "mobilenet_v2_1.0_224_quant.tflite"}


def folder() -> Path:
    """The folder, whether it is there or not."""
    return Path(os.environ.get("PHONOFILM_WEIGHTS") or Path(__file__).parents[3] / "shared" / "weights")


def real(name: str) -> str | None:
    """The path of a network that can be run here."""
    path = folder() / FILES[name]
    runs = importlib.util.find_spec("ai_edge_litert") is not None
    return str(path) if runs and path.is_file() else None

"""Weights of others that are too large to lie here."""

from __future__ import annotations

import importlib.util

import pytest

from phonofilm.metrics import Given
from tests.metrics.real import FILES, folder


@pytest.fixture(scope="session")
def given() -> Given:
    """The small published networks, from ``PHONOFILM_WEIGHTS`` or beside the repository."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip("ai-edge-litert is not installed: pip install 'phonofilm[tflite]'")
    missing = [file for file in FILES.values() if not (folder() / file).is_file()]
    if missing:
        pytest.skip(f"{missing[0]} is not in {folder()}: set PHONOFILM_WEIGHTS to a folder that has it")
    return Given(weights={name: str(folder() / file) for name, file in FILES.items()})

from __future__ import annotations

from pathlib import Path

import pytest

from phonofilm.benchmarks.clapperboard import Options
from tests.tiny import save_tiny_model

METRICS = ("avalign-svg", "frechet-latents")
"""Metrics that need no trained networks."""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with random weights."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def options(model: Path, tmp_path: Path) -> Options:
    """Two rows of one random model, three prompts, one step."""
    named = {"uncoupled": str(model), "cmc-pe": str(model)}
    return Options(named, tmp_path / "bench", n=3, gammas=(1.0, 2.0), settings={"steps": 1}, metrics=METRICS, batch=2)

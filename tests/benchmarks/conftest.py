from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from phonofilm.benchmarks.clapperboard import Options, run
from phonofilm.pipelines.joint import Pipeline, PromptWarning, load
from tests.tiny import save_tiny_model

METRICS = ("avalign-svg", "frechet-latents")
"""Metrics that need no trained networks."""


@dataclass(frozen=True)
class Whole:
    """A run from beginning to end: what it was told to do, told, and gave back."""

    options: Options
    results: dict[str, Any]
    said: list[str]
    told: list[tuple[int, int]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with random weights."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def pipe(model: Path) -> Pipeline:
    """The same model at work."""
    return load(model, device="cpu", batch=2)


@pytest.fixture(scope="session")
def whole(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """One random model under two names, three prompts, two steps (in one step gamma has no say)."""
    named = {"uncoupled": str(model), "cmc-pe": str(model)}
    out = tmp_path_factory.mktemp("bench") / "out"
    options = Options(named, out, n=3, gammas=(1.0, 2.0), settings={"steps": 2}, metrics=METRICS, batch=2)
    said: list[str] = []
    told: list[tuple[int, int]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PromptWarning)  # the random model knows few words
        results = run(options, command="phonofilm bench", progress=lambda *done: told.append(done), say=said.append)
    return Whole(options, results, said, told)


@pytest.fixture
def options(whole: Whole, tmp_path: Path) -> Options:
    """The same options with nothing done yet."""
    return replace(whole.options, out=tmp_path / "bench")

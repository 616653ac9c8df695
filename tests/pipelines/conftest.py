from __future__ import annotations

import pytest

from phonofilm import models
from phonofilm.pipelines.joint import Pipeline
from tests.tiny import tiny_model


@pytest.fixture(scope="session")
def pipe() -> Pipeline:
    """A pipeline with random weights."""
    model = tiny_model()
    return Pipeline(model, "svg-tiny", models.fingerprint(model))

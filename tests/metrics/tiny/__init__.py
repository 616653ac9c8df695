"""Random weights for every published network, of the published layout but small: a module for each network.

Each module has a function ``give(folder, patch)``. It writes the weights, makes their network as small as they are
(``patch`` is pytest's ``monkeypatch``), and returns them as ``{name: path}``.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from phonofilm.metrics import Given
from tests.codecs.small import random_codec


def everything(folder: Path, patch: pytest.MonkeyPatch) -> Given:
    """A small codec, and small weights of every network."""
    weights: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        weights |= importlib.import_module(f"{__name__}.{module.name}").give(folder, patch)
    return Given(random_codec(), weights)

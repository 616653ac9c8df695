from __future__ import annotations

from fractions import Fraction

import pytest

from phonofilm.data.clapperboard import sample_scene
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), Fraction(8), 22, 14, 16000)
"""Small and not square, so that swapped axes cannot hide."""


@pytest.fixture(scope="session")
def scenes():
    return [sample_scene(seed) for seed in range(600)]

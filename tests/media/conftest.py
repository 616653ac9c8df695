"""Real films by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def real(clips: Path) -> Callable[[str], Path]:
    """A function from a real film's name to its path; skips where that film is absent."""

    def find(name: str) -> Path:
        if not (clips / name).is_file():
            pytest.skip(f"the real film {name} is not in {clips}")
        return clips / name

    return find

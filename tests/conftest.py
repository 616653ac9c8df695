"""Settings for all tests: shapes checked by machine, one thread, fixed seeds, real films where they are."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import jaxtyping
import pytest

# Before the first import of the package: shape annotations of the mathematics are checked in tests only.
jaxtyping.install_import_hook("phonofilm.diffusion", "beartype.beartype")

import numpy as np  # noqa: E402, after the hook
import torch  # noqa: E402, after the hook


def pytest_configure() -> None:
    # Tests run side by side: a thread pool each would only get in each other's way.
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test begins with the same random state, alone or in a suite."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002, third-party code reads the global state
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests read of films is not kept in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHONOFILM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def noise(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a folder of so many films of one second, each of another noise."""

    def make(count: int) -> Path:
        from phonofilm.media.clip import Clip
        from phonofilm.media.write import write

        folder, rng = tmp_path / "films", np.random.default_rng(0)
        folder.mkdir()
        for number in range(count):
            frames = rng.integers(0, 256, (9, 32, 32, 3), np.uint8)
            sound = 0.1 * rng.standard_normal((1, 16_000)).astype(np.float32)
            write(Clip(frames, sound, Fraction(9), 16_000), folder / f"{number}.mkv", lossless=True)
        return folder

    return make


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real films, from ``PHONOFILM_CLIPS`` or beside the repository."""
    folder = Path(os.environ.get("PHONOFILM_CLIPS") or Path(__file__).parents[2] / "shared" / "clips")
    if not folder.is_dir():
        pytest.skip(f"no real films at {folder}: set PHONOFILM_CLIPS to a folder that has them")
    return folder


@pytest.fixture
def real(clips: Path) -> Callable[[str], Path]:
    """A function from a real film's name to its path; skips where that film is absent."""

    def find(name: str) -> Path:
        if not (clips / name).is_file():
            pytest.skip(f"the real film {name} is not in {clips}")
        return clips / name

    return find


@pytest.fixture
def family_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder ``twin`` among the model families."""
    from phonofilm import models

    (tmp_path / "twin").mkdir()
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    models.families.cache_clear()
    yield tmp_path / "twin"
    for name in [name for name in sys.modules if name.startswith("phonofilm.models.twin")]:
        del sys.modules[name]
    vars(models).pop("twin", None)
    models.families.cache_clear()

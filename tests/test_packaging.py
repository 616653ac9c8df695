"""What is installed, and what an import costs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution, requires
from importlib.util import find_spec
from pathlib import Path

import pytest

import phonofilm

ROOT = Path(__file__).parents[1]
HEAVY = {
    *("torch", "diffusers", "transformers", "accelerate"),
    *("librosa", "matplotlib", "scipy", "numba", "cv2", "av", "ray"),
}
BROKEN = {"torchvision", "torchaudio"}


def imported_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def all_dependencies(name: str) -> set[str]:
    """Names of everything that installing ``name`` installs here, extras left out."""
    found: set[str] = set()
    queue = [name]
    while queue:
        for requirement in requires(queue.pop()) or []:
            if "extra ==" in requirement:
                continue
            dependency = re.split(r"[ ;<>=!~\[(]", requirement, maxsplit=1)[0].lower().replace("_", "-")
            if dependency not in found and _installed(dependency):
                found.add(dependency)
                queue.append(dependency)
    return found


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("statement", ["import phonofilm", "import phonofilm.cli", "import phonofilm.cli.app"])
def test_a_bare_import_pulls_in_nothing_heavy(statement: str) -> None:
    assert imported_by(statement) & HEAVY == set()


def test_the_heavy_import_check_can_fail() -> None:
    assert "matplotlib" in imported_by("from matplotlib.figure import Figure") & HEAVY


def test_torchvision_and_torchaudio_are_no_dependencies_and_not_installed() -> None:
    dependencies = all_dependencies("phonofilm")
    assert {"torch", "diffusers", "numpy", "huggingface-hub"} <= dependencies
    assert dependencies & BROKEN == set()
    assert [name for name in BROKEN if find_spec(name) is not None] == []


def test_using_the_library_imports_neither() -> None:
    statement = "import phonofilm.pipelines.joint, phonofilm.training.loop, phonofilm.plots.sheet"
    assert imported_by(statement) & BROKEN == set()


def test_the_constraints_pin_torch_within_the_declared_range() -> None:
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text().splitlines()
    assert "torch>=" in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", [name for name in phonofilm.__all__ if name != "__version__"])
def test_every_public_name_exists_and_has_a_docstring(name: str) -> None:
    assert getattr(phonofilm, name).__doc__


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        phonofilm.laod  # noqa: B018, the access is the test

"""The Makefile's promises that can be checked without installing anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what `make` reads, and no environment yet."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # These tests run under make themselves; its flags are not meant for the make that is tested.
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], capture_output=True, text=True, check=False, cwd=folder, env=plain)


def fake_python(folder: Path, script: str) -> str:
    path = folder / "fake-python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_demo_installs_first_and_measures_its_clip(clone: Path) -> None:
    plan = make(clone, "-n", "demo").stdout
    steps = ["-m venv .venv", "-c constraints.txt $index torch", "--editable .", "generate"]
    places = [plan.index(step) for step in steps]
    assert places == sorted(places)
    command = plan.strip().splitlines()[-1]
    assert "-o out/demo.mp4" in command
    assert "--measure" in command
    assert "--sheet" in command


def test_test_runs_every_linter_and_every_test(clone: Path) -> None:
    plan = make(clone, "-n", "test").stdout
    for step in ("ruff check .", "ruff format --check .", "lint-imports", "pyright", "-m pytest"):
        assert f".venv/bin/{step}" in plan or f".venv/bin/python {step}" in plan, step


def test_a_finished_install_is_not_repeated(clone: Path) -> None:
    (clone / ".venv").mkdir()
    for stamp in (".made", ".torch", ".installed", ".installed-dev"):
        (clone / ".venv" / stamp).touch()
    assert "pip install" not in make(clone, "-n", "demo").stdout
    os.utime(clone / "pyproject.toml")
    assert "pip install" in make(clone, "-n", "demo").stdout


def test_an_old_python_is_refused_with_the_fix(clone: Path) -> None:
    ran = make(clone, ".venv/.made", f"PYTHON={fake_python(clone, 'exit 1')}")
    assert ran.returncode != 0
    assert "needs Python 3.10 or newer" in ran.stderr
    assert "make PYTHON=" in ran.stderr
    assert not (clone / ".venv").exists()


def test_a_missing_venv_module_is_said_with_the_fix(clone: Path) -> None:
    python = fake_python(clone, 'case "$2" in *ensurepip*) exit 1;; esac')
    ran = make(clone, ".venv/.made", f"PYTHON={python}")
    assert ran.returncode != 0
    assert "lacks the venv module" in ran.stderr
    assert "apt install python3-venv" in ran.stderr


def test_an_install_that_failed_is_tried_again(clone: Path) -> None:
    binaries = clone / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (clone / ".venv" / ".made").touch()
    (binaries / "python").symlink_to(fake_python(clone, 'echo "$@" >> calls; exit 1'))
    for tries in (1, 2):
        assert make(clone, "setup", "CPU_INDEX=file:///nowhere").returncode != 0
        calls = (clone / "calls").read_text().splitlines()
        assert sum("pip install" in call for call in calls) == tries
    assert not (clone / ".venv" / ".torch").exists()


def test_continuous_integration_runs_both_make_commands() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/bin/sh\n")
    assert [line.split()[-1] for line in script.read_text().splitlines() if "make " in line] == ["demo", "test"]

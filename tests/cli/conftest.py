from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.cli import main
from phonofilm.media.clip import Clip
from tests.cli.preparing import begun
from tests.tiny import save_tiny_model


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with random weights."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> Ran:
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
            status: object = 0
        except SystemExit as end:
            status = end.code or 0
        written = capsys.readouterr()
        assert isinstance(status, int)
        return Ran(status, written.out, written.err)

    return command


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four films in two folders, one of them silent, a copy of one, and a file that is no film."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    for number, (kind, seconds, rate) in enumerate([("rain", 3, 22050), ("rain", 4, 44100), ("bells", 5, 48000)]):
        (folder / kind).mkdir(exist_ok=True)
        noise = rng.integers(0, 256, (25 * seconds, 1, 1, 3), np.uint8)
        frames = np.broadcast_to(noise, (25 * seconds, 48, 64, 3)).copy()
        frames[:, :, :32] //= 2
        sound = rng.uniform(-0.5, 0.5, (2, seconds * rate)).astype(np.float32)
        sound *= number != 1
        Clip(frames, sound, Fraction(25), rate).save(folder / kind / f"{number}.mp4")
    (folder / "rain" / "copy.mp4").write_bytes((folder / "bells" / "2.mp4").read_bytes())
    (folder / "bad.mp4").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="session")
def prepared(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an uninterrupted run with one process makes."""
    folder = tmp_path_factory.mktemp("prepared")
    process = begun(folder, films, 1)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return folder

"""``phonofilm prepare --ray`` on a cluster of two nodes: the bytes are those that processes here make."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from tests.cli.conftest import Run
from tests.cli.preparing import RECIPE, bytes_of
from tests.clusters import Nodes, two_nodes
from tests.test_workers import gone


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with two_nodes() as found:
        yield found


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films and a file that is none."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    (folder / "rain").mkdir()
    for number, (seconds, rate) in enumerate([(2, 22050), (3, 44100), (2, 48000)]):
        frames = rng.integers(0, 256, (12 * seconds, 32, 48, 3), np.uint8)
        sound = rng.uniform(-0.5, 0.5, (2, seconds * rate)).astype(np.float32)
        Clip(frames, sound, Fraction(12), rate).save(folder / "rain" / f"{number}.mp4")
    (folder / "bad.mp4").write_bytes(b"nothing")
    return folder


def begun(folder: Path, films: Path, *options: str) -> subprocess.Popen[str]:
    """The recipe, in ``folder``, with relative paths as people type them."""
    (folder / "small.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "phonofilm", "prepare", "run", "small.yaml", str(films), "-o", "out"]
    return subprocess.Popen(
        [*command, "--workers", "2", "--max-bad", "0.5", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )


def rows_of(work: Path) -> dict[str, bytes]:
    """What the stages found, without the order in which they found it."""
    return {name: rows for name, rows in bytes_of(work).items() if name.endswith(".jsonl") and "journal" not in name}


def workers() -> list[int]:
    """Our workers on the cluster, by what Ray calls their processes."""
    commands = {path: path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")}
    return [int(path.parent.name) for path, command in commands.items() if command.startswith(b"ray::Worker")]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system does not list processes in /proc")
def test_interrupted_and_continued_on_a_cluster_it_gives_the_bytes_of_processes_here(
    nodes: Nodes, films: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    plain = begun(here, films)
    first = begun(there, films, "--ray", nodes.address)
    end = time.monotonic() + 240
    pids: list[int] = []
    while (
        not (pids and list(there.glob("out.work/scan-*/*.jsonl"))) and first.poll() is None and time.monotonic() < end
    ):
        time.sleep(0.05)
        pids = workers()
    assert pids, first.communicate()[1] if first.poll() is not None else "no worker was seen"
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode
    assert gone(pids)
    assert not (there / "out" / "index.parquet").exists()

    second = begun(there, films, "--ray", nodes.address)
    said, errors = second.communicate()
    assert second.returncode == 0, errors
    assert "4 films, 3 used" in said
    assert gone(workers())  # Ray ends the processes of a driver that has left a moment after it
    _, errors = plain.communicate()
    assert plain.returncode == 0, errors
    assert bytes_of(there / "out") == bytes_of(here / "out") != {}
    assert rows_of(there / "out.work") == rows_of(here / "out.work") != {}
    assert not [path for path in there.glob("**/.*") if not path.name.startswith(".lock-")]  # those stay


def test_a_cluster_that_does_not_answer_is_one_sentence_and_nothing_is_written(run: Run, films: Path) -> None:
    ran = run("prepare", "scan", films, "-o", "w", "--ray", "127.0.0.1:1")
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1
    assert "127.0.0.1:1" in ran.err
    assert not os.path.exists("w")


def test_every_verb_that_takes_workers_takes_a_cluster(run: Run) -> None:
    for verb in ("run", "scan", "split", "score", "caption", "pack", "verify", "report"):
        told = run("prepare", verb, "--help").out
        assert "--workers" in told
        assert "--ray" in told

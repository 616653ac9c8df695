"""``phonofilm prepare`` killed with -9 and continued gives what a run that was left alone gives."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.cli.preparing import begun, bytes_of

KILLER = """
import os, signal, sys
from phonofilm.cli import main
from phonofilm.media import atomic

settle, pattern = atomic._settle, sys.argv.pop(1)


def settle_and_die(folder):
    settle(folder)
    if any(folder.parent.glob(pattern)):
        os.killpg(0, signal.SIGKILL)


atomic._settle = settle_and_die
main(sys.argv[1:])
"""
"""Phonofilm, killed with all its processes as soon as it has written a file of that name: before a journal says so."""


def parts_of(folder: Path, stage: str) -> list[Path]:
    return [path for path in folder.glob(f"out.work/{stage}-*/*.jsonl") if "journal" not in path.name]


def test_killed_in_every_stage_and_continued_with_more_processes_it_gives_the_same_bytes(
    prepared: Path, films: Path, tmp_path: Path
) -> None:
    for stage in ("scan", "split", "score", "cut", "out"):
        written = "out/shard-*.tar" if stage == "out" else f"{stage}-*/*.jsonl"
        process = begun(tmp_path, films, 2, "-c", KILLER, written)
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, (stage, errors)
        if stage != "out":
            assert len(parts_of(tmp_path, stage)) == 1 < len(parts_of(prepared, stage)), "others were left to do"
    shards = [len(list((folder / "out").glob("shard-*"))) for folder in (tmp_path, prepared)]
    assert shards[0] == 1 < shards[1]
    assert not (tmp_path / "out" / "index.parquet").exists()
    process = begun(tmp_path, films, 2)
    said, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "8 used" in said
    assert bytes_of(tmp_path / "out") == bytes_of(prepared / "out")
    assert not list(tmp_path.rglob("*.part"))


def test_killed_while_a_film_is_cut_it_gives_the_same_bytes(prepared: Path, films: Path, tmp_path: Path) -> None:
    process = begun(tmp_path, films, 1)
    while process.poll() is None and not list(tmp_path.glob("out.work/cut-*/*/*.mp4")):
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    assert len(parts_of(tmp_path, "cut")) < 2, "a film was left to do"
    process = begun(tmp_path, films, 2)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert bytes_of(tmp_path / "out") == bytes_of(prepared / "out")
    assert not list(tmp_path.rglob("*.part"))

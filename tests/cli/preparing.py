"""A small preparation in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RECIPE = """
name: small
description: One-second clips.
films: any
split: {seconds: 1}
filter: {rules: ["not all_zero"]}
caption: {sources: [{kind: folder}], required: false}
splits: {kind: shares, seed: 0, shares: {train: 0.5, test: 0.5}}
pack: {fps: 8, size: [32, 32], sample_rate: 16000, channels: 1, shard_bytes: 20000}
expects: [{of: clips, count: 11, cite: here}]
"""


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def begun(folder: Path, films: Path, workers: int, *program: str) -> subprocess.Popen[str]:
    recipe = folder / "small.yaml"
    recipe.write_text(RECIPE)
    command = [sys.executable, *(program or ("-m", "phonofilm")), "prepare", "run", recipe, films, "-o", folder / "out"]
    return subprocess.Popen(
        [*map(str, command), "--workers", str(workers), "--max-bad", "0.5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

"""A sentence to a finished film as a user meets it: the whole process, beside the sampler alone.

    python bench/cold_start.py --runs 5

Each run is a new ``phonofilm generate`` process: interpreter, imports, weights, sampling, decoding, mp4, sidecar.
Wall time is this script's clock around it, peak memory what the system counted for that process, and the sampler's
share what the command itself reports. The first run also warms the disk cache; it is shown apart and not counted.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _results

PROMPT = "a drumstick hits a metal pipe twice"
LIMIT_SECONDS, LIMIT_MIB = 20, 2048
SAID = re.compile(r": ([\d.]+) s of sampling, ([\d.]+) s besides")
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss counts bytes there and KiB elsewhere


@dataclass(frozen=True)
class Run:
    """One process.

    Attributes:
        wall: seconds from its start to its end.
        sampling: seconds inside the sampler.
        coding: seconds in text encoders and codec.
        cpu: seconds of all cores together.
        peak: resident memory at its highest, in MiB.
    """

    wall: float
    sampling: float
    coding: float
    cpu: float
    peak: float

    @property
    def rest(self) -> float:
        """Start, imports, weights and files."""
        return self.wall - self.sampling - self.coding


def generate(model: str, steps: int, seed: int, folder: Path) -> Run:
    """Make one film in a new process.

    Raises:
        SystemExit: if the command fails; its own words are shown.
    """
    film = folder / f"{seed}.mp4"
    options = ["--model", model, "--steps", str(steps), "--seed", str(seed), "-o", str(film)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "phonofilm", "generate", PROMPT, *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)  # unlike Popen.wait, it tells this one child's memory
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    found = SAID.search(said)
    if process.returncode or found is None or not film.stat().st_size:
        sys.exit(f"phonofilm generate ended with status {process.returncode}: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, float(found[1]), float(found[2]), cpu, usage.ru_maxrss * PEAK_UNIT / 2**20)


def summary(first: Run, runs: list[Run]) -> dict[str, Any]:
    """Medians with least and most."""
    walls = [run.wall for run in runs]
    return {
        "runs": len(runs),
        "whole command, s (median)": statistics.median(walls),
        "whole command, s (least, most)": [min(walls), max(walls)],
        "of it the sampler, s": statistics.median(run.sampling for run in runs),
        "of it text and codec, s": statistics.median(run.coding for run in runs),
        "of it start, imports, weights, files, s": statistics.median(run.rest for run in runs),
        "CPU time of all cores, s": statistics.median(run.cpu for run in runs),
        "whole command / sampler": statistics.median(walls) / max(statistics.median(r.sampling for r in runs), 0.05),
        "first run, s": first.wall,
        "peak memory, MiB (most)": max(run.peak for run in [first, *runs]),
        "limits": f"{LIMIT_SECONDS} s, {LIMIT_MIB} MiB",
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="svg-tiny")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--runs", type=int, default=5)
    _results.add_write(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, *runs = [generate(given.model, given.steps, seed, Path(folder)) for seed in range(given.runs + 1)]
    note = (
        f'`phonofilm generate "{PROMPT}"` with {given.steps} steps, a new process each time; medians after one run '
        "that warms the disk cache. The command prints the sampler's time to a tenth of a second."
    )
    _results.publish("cold-start", "From a sentence to a film", note, summary(first, runs), given.write)


if __name__ == "__main__":
    main()

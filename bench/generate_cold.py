"""How long ``phonofilm generate`` takes from a cold start to the finished film, and how much memory.

Each repeat is a new process. Prints JSON: wall and CPU seconds and peak memory of the whole command, beside the
seconds that the command says its sampler took, so that the overhead shows.

    python bench/generate_cold.py --repeats 5
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMPT = "a drumstick hits a metal pipe twice"
TOLD = re.compile(r": (?P<sampling>[\d.]+) s of sampling, (?P<besides>[\d.]+) s besides")


def measured(model, steps, folder):
    """Seconds and memory of one command."""
    command = [sys.executable, "-m", "phonofilm", "generate", PROMPT, "--model", model, "--steps", str(steps)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "-o", str(folder / "x.mp4"), "--force"], stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise SystemExit(f"phonofilm generate failed with status {os.waitstatus_to_exitcode(status)}")
    kilo = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there
    return {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_gib": usage.ru_maxrss * kilo / 2**30,
        "sampler_seconds": float(TOLD.search(out)["sampling"]),
    }


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="svg-tiny")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [measured(options.model, options.steps, Path(folder)) for _ in range(options.repeats)]
    result = {
        "model": options.model,
        "steps": options.steps,
        "n": options.repeats,
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        **{
            key: {"median": statistics.median(run[key] for run in runs), "max": max(run[key] for run in runs)}
            for key in runs[0]
        },
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""Whether scoring more clips takes more memory: peak of ``score_folder`` over folders of 100 films and more.

Small true Clapperboard clips are written once, and each folder holds the first of them. Each folder is scored by a
process of its own, one that writes no cache; its peak is what the system counted for it alone (Linux only).

    python bench/feature_memory.py --clips 100 400 1000 2000 --write docs/results.md
    python bench/feature_memory.py --metrics fvd-i3d400-mmdiffusion --weights i3d-400=i3d_pretrained_400.pt

Metrics of sets compare each folder with itself: what they keep of a clip, and what they compute with it in the end,
count too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import _results

SECONDS, FPS, SIDE, SAMPLE_RATE = Fraction(2), Fraction(8), 64, 16_000
METRICS = ("event-sync", "avalign-svg")
WRITE, SCORE = "--write-films", "--score"
"""What a process of its own is asked for."""


def main() -> None:
    """Measure and print; or be one of the processes that this starts."""
    if WRITE in sys.argv[1:2]:
        write_films(Path(sys.argv[2]), int(sys.argv[3]))
    elif SCORE in sys.argv[1:2]:
        print(json.dumps(peak_of_scoring(Path(sys.argv[2]), json.loads(sys.argv[3]))))
    else:
        publish()


def publish() -> None:
    """The section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--metrics", nargs="+", default=list(METRICS))
    parser.add_argument("--weights", nargs="+", default=[], metavar="NAME=PATH", help="of published networks")
    _results.add_write(parser)
    given = parser.parse_args()
    asked = {"metrics": given.metrics, "weights": dict(one.split("=", 1) for one in given.weights)}
    counts = sorted(given.clips)
    with tempfile.TemporaryDirectory() as scratch:
        films = Path(scratch) / "all"
        films.mkdir()
        alone(WRITE, str(films), str(counts[-1]))
        runs = {count: json.loads(alone(SCORE, str(folder(films, count)), json.dumps(asked))) for count in counts}
    note = (
        "Peak resident memory of the process that scores a folder of true Clapperboard clips of 2 s, 64 x 64, 8 frames "
        f"a second, with {', '.join(given.metrics)}, a process each; no cache, one worker."
    )
    _results.publish("feature-memory", "Memory by number of clips", note, summary(runs), given.write)


def summary(runs: dict[int, dict[str, float]]) -> dict[str, Any]:
    """The peaks, and how they grow from the least to the greatest folder."""
    least, most = min(runs), max(runs)
    more = runs[most]["peak, MiB"] - runs[least]["peak, MiB"]
    return {
        **{f"{count} clips": run for count, run in runs.items()},
        "growth, MiB": more,
        "growth, KiB a clip": 1024 * more / (most - least) if most > least else None,
    }


def alone(*words: str) -> str:
    """What this script prints in a process of its own.

    Raises:
        CalledProcessError: if it fails; what it said is shown.
    """
    return subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def folder(films: Path, count: int) -> Path:
    """A folder of the first films, without copies."""
    place = films.parent / str(count)
    place.mkdir()
    for film in sorted(films.iterdir())[:count]:
        os.link(film, place / film.name)
    return place


def write_films(place: Path, count: int) -> None:
    """True clips, as films."""
    from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
    from phonofilm.shapes import ClipShape

    shape = ClipShape(SECONDS, FPS, SIDE, SIDE, SAMPLE_RATE)
    for place_in_order in range(count):
        scene = sample_scene(HELD_OUT + place_in_order, seconds=SECONDS)
        render(scene, shape).save(place / f"{place_in_order:06d}.mp4")


def peak_of_scoring(place: Path, asked: dict[str, Any]) -> dict[str, float]:
    """Score a folder, against itself where metrics need a reference, and look at this process's peak."""
    import torch

    from phonofilm.metrics import Given, kind, score_folder

    torch.set_num_threads(1)
    compared = any(kind(name).needs_reference for name in asked["metrics"])
    began, peaks = time.perf_counter(), {}

    def watch(done: int, total: int) -> None:
        if done == total // 4:
            peaks["peak after a quarter, MiB"] = peak()

    wanted: Sequence[str] = asked["metrics"]
    score_folder(place, place if compared else None, wanted, given=Given(weights=asked["weights"]), progress=watch)
    return {**peaks, "peak, MiB": peak(), "seconds": time.perf_counter() - began}


def peak() -> float:
    """Resident memory of this process at its highest so far, in MiB.

    Not ``ru_maxrss``, which a process inherits from the one that starts it.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()

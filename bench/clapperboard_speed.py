"""How many Clapperboard scenes a second one core makes: pictures and sound of two-second 64x64 clips at 8 fps.

Prints JSON: scenes a second (median, least and most over repeats) and where the time goes, in CPU time of this
one-threaded process, so that other work on the machine hardly matters; wall time stands beside it.

    python bench/clapperboard_speed.py --count 100 --repeats 5
"""

from __future__ import annotations

import argparse
import statistics
import time
from fractions import Fraction

import _results
import cv2

from phonofilm.data.clapperboard import VERSION, render_audio, render_frames, sample_scene
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), Fraction(8), 64, 64, 16000)


def timed(make, items):
    """What ``make`` makes of each item, and the CPU seconds that it took."""
    start = time.process_time()
    made = [make(item) for item in items]
    return made, time.process_time() - start


def repeat(seeds):
    """CPU and wall seconds of one pass over ``seeds``, by stage."""
    start = time.perf_counter()
    scenes, planning = timed(lambda seed: sample_scene(seed, seconds=SHAPE.seconds), seeds)
    _, drawing = timed(lambda scene: render_frames(scene, SHAPE), scenes)
    _, sounding = timed(lambda scene: render_audio(scene, SHAPE), scenes)
    return {"scene": planning, "pictures": drawing, "sound": sounding, "wall": time.perf_counter() - start}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="scenes a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    _results.add_write(parser)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    repeat(range(10))  # loads what is loaded once
    runs = [repeat(range(i * options.count, (i + 1) * options.count)) for i in range(options.repeats)]
    rates = [options.count / (run["scene"] + run["pictures"] + run["sound"]) for run in runs]
    stages = {stage: statistics.median(run[stage] for run in runs) * 1e3 / options.count for stage in runs[0]}
    result = {
        "n": options.count * options.repeats,
        "repeats": options.repeats,
        "scenes_per_cpu_second": {"median": statistics.median(rates), "min": min(rates), "max": max(rates)},
        "milliseconds_per_scene": stages,
        "version": VERSION,
    }
    note = "CPU time of one process with one thread; least and most over repeats. Wall time stands beside it."
    _results.publish("clapperboard-speed", "Drawing Clapperboard scenes", note, result, options.write)


if __name__ == "__main__":
    main()

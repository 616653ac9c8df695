"""AV-Align of films from end to end, beside the public implementation: value and time.

    python bench/avalign_speed.py FILM... --public av_align.py [--rounds 3] [--write docs/results.md]

``--public`` names a copy of ``av_align.py`` of github.com/guyyariv/TempoTokens (MIT; the version of February 2025). It
is run as its own ``__main__`` runs it, on the film and on its sound as a WAV file, which is written before the clock
starts. The script fails where their values differ by more than 1e-9. Both sides are warm: what is compiled once a
machine is not counted. Rounds alternate, and the quickest of each counts. Without ``--public`` only our side is timed.
Processor seconds are those of all threads: where other work keeps the cores busy, their ratio tells more than that of
the seconds that passed.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import _results
import cv2
import soundfile

from phonofilm.media.read import read
from phonofilm.metrics import Subject
from phonofilm.metrics._features.peaks import compiled_farneback, librosa_onset
from phonofilm.metrics.avalign_tempotokens_2025 import AvAlignTempoTokens2025

EQUAL = 1e-9
"""How far the two values of a film may be apart."""
VALUE = "AV-Align"
"""What is measured; a key called ``value`` would make one number of a film (:func:`_results.lines`)."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="+", type=Path)
    parser.add_argument("--public", type=Path, help="copy of TempoTokens' av_align.py")
    parser.add_argument("--rounds", type=int, default=3)
    _results.add_write(parser)
    given = parser.parse_args()
    compiled_farneback(), librosa_onset()
    public = None if given.public is None else _module(given.public)
    with tempfile.TemporaryDirectory() as folder:
        result: dict[str, Any] = {film.name: compared(film, public, Path(folder), given.rounds) for film in given.films}
    if public:
        largest = agreed(result)
        for what in ("seconds", "processor seconds"):
            own, other = (sum(result[film.name][f"{side}{what}"] for film in given.films) for side in ("", "public "))
            result[f"public {what} over ours, all films"] = other / own
        result["largest difference of the two values"] = largest
    result["threads"] = cv2.getNumThreads()
    note = "AV-Align (form of 2025) from film to value; the quickest of alternating rounds, everything compiled before."
    _results.publish("avalign-speed", "AV-Align beside the public implementation", note, result, given.write)


def agreed(films: Mapping[str, Any]) -> float:
    """The largest difference between our value and the public one of the same film.

    Raises:
        SystemExit: naming the film whose values are not the same.
    """
    apart = {name: abs(one[VALUE] - one[f"public {VALUE}"]) for name, one in films.items()}
    for name, size in apart.items():
        if not size <= EQUAL:  # so written, nan is no match
            raise SystemExit(f"{name}: ours and the public value differ by {size:g}, more than {EQUAL:g}")
    return max(apart.values())


def compared(film: Path, public: ModuleType | None, folder: Path, rounds: int) -> dict[str, Any]:
    """Values and times of one film."""
    clip = read(film)
    wav = folder / f"{film.stem}.wav"
    soundfile.write(wav, clip.audio.T, clip.sample_rate, subtype="FLOAT")
    sides: dict[str, Callable[[], float]] = {"": lambda: ours(film)}
    if public is not None:
        sides["public "] = lambda: theirs(public, film, wav)
    values: dict[str, Any] = {}
    for _ in range(rounds):
        for side, run in sides.items():
            began, worked = time.perf_counter(), time.process_time()
            values[f"{side}{VALUE}"] = run()
            spent = {"seconds": time.perf_counter() - began, "processor seconds": time.process_time() - worked}
            for what, seconds in spent.items():
                values[f"{side}{what}"] = min(values.get(f"{side}{what}", seconds), seconds)
    height, width = clip.frames.shape[1:3]
    return {"frames": len(clip.frames), "size": f"{width}x{height}", **values}


def ours(film: Path) -> float:
    """From the film to its value."""
    metric = AvAlignTempoTokens2025()
    found = metric.measure(Subject(str(film), read(film)))
    return metric.agree(found.one, found.other)


def theirs(public: ModuleType, film: Path, wav: Path) -> float:
    """The same by the public functions."""
    frames, fps = public.extract_frames(str(film))
    _, moves = public.detect_video_peaks(frames, fps)
    return public.calc_intersection_over_union(public.detect_audio_peaks(str(wav)), moves, fps)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("public", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()

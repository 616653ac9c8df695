"""How fast one core prepares: scanning, scoring, splitting and packing; and what a second process adds.

The films are made first, in a folder that goes again: a moving test picture with noise and noise on two channels; ten
seconds in H.264 and AAC, 360p at 0.8 Mbit/s and 720p at 2.5, and short ones of five forms for the scan. Each round does
everything once, beside FFmpeg's program that decodes the same films with one thread, so that what else the machine does
touches all alike. Speeds are per CPU second: of this process, which runs one thread, and of FFmpeg's.

    python bench/prepare_speed.py --rounds 9
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import _results
import cv2
from _films import FFMPEG, Making, make_film

from phonofilm.data.ingest.cutting import Kept, cut, sample
from phonofilm.data.ingest.engine import run
from phonofilm.data.ingest.measures import names
from phonofilm.data.ingest.pool import Limits, Pool
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import SourceRow
from phonofilm.data.ingest.scan import Film, Scan, films, scan, scanning
from phonofilm.data.ingest.score import Scoring, SplitSource, score
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.data.ingest.stage import Parts
from phonofilm.data.packed.shards import pack
from phonofilm.workers import one_thread

SECONDS = 10
SIDE = 256
H264 = "-c:v libx264 -preset veryfast"
SHORT = (
    Making(".mp4", "320x240", "30", 44100, f"{H264} -c:a aac"),
    Making(".mp4", "640x360", "30000/1001", 48000, f"{H264} -c:a aac"),
    Making(".mov", "640x360", "24", 48000, f"{H264} -c:a pcm_s16le"),
    Making(".mkv", "480x270", "25", 48000, f"{H264} -c:a libopus"),
    Making(".webm", "320x240", "25", 48000, "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus"),
)
LONGER = {
    "360p": Making(".mp4", "640x360", "30", 48000, "-c:v libx264 -b:v 800k -c:a aac"),
    "720p": Making(".mp4", "1280x720", "30", 48000, "-c:v libx264 -b:v 2500k -c:a aac"),
}
SPLIT = Split(seconds=Fraction(SECONDS), rest=Fraction(9))
PACK = Pack(size=(SIDE, SIDE))
SLOW_PACK = PACK.model_copy(update={"fps": Fraction(8)})
SAME_BY_FFMPEG = (
    f"-vf scale={SIDE}:{SIDE}:force_original_aspect_ratio=increase,crop={SIDE}:{SIDE} "
    f"-c:v libx264 -preset {PACK.preset} -crf {PACK.crf} -bf 0 -c:a flac -strict experimental"
)


def own_time(work: Callable[[], Any]) -> float:
    """CPU seconds of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def program_time(path: Path, words: Sequence[str] = ("-f", "null", "-")) -> float:
    """CPU seconds of FFmpeg's program with one thread, which decodes the film's pictures and sound."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*FFMPEG, "-i", str(path), "-threads", "1", *words], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"value": statistics.median(values), "low": min(values), "high": max(values)}


def speeds(columns: dict[str, list[float]], count: int = 1) -> dict[str, dict[str, float]]:
    """So many a second, from seconds."""
    return {name: spread([count / seconds for seconds in column]) for name, column in columns.items()}


def in_rounds(rounds: int, works: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each work says in each round, after one that loads what is loaded once."""
    for work in works.values():
        work()
    found = [{name: work() for name, work in works.items()} for _ in range(rounds)]
    return {name: [one[name] for one in found] for name in works}


def make_short_films(folder: Path, count: int) -> Path:
    """Films of a second or two, each form under many names; the scan knows nothing of copies."""
    made = [make_film(folder / f"form{i}{form.suffix}", form, 1 + i / 4) for i, form in enumerate(SHORT)]
    place = folder / "short"
    place.mkdir()
    for number in range(count):
        one = made[number % len(made)]
        shutil.copy(one, place / f"{number:04}{one.suffix}")
    return place


def scanning_speed(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Files a CPU second of the stage, with its parts and its journal on the disk."""
    found = list(films(make_short_films(folder, count)))

    def here(work: Callable[..., Any], settings: Any, jobs: Any, limits: Limits) -> Iterator[tuple[str, Any]]:
        return ((name, work(settings, job)) for name, job in jobs.items())

    def stage() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            parts = Parts(Path(work), scanning(Scan()))
            return own_time(lambda: run(parts, {film.job: film for film in found}, here, Limits()))

    few = found[: len(SHORT)]
    taken = in_rounds(
        rounds,
        {
            "files scanned a CPU second": lambda: stage() / count,
            "files decoded a CPU second by FFmpeg": lambda: sum(program_time(one.place) for one in few) / len(few),
        },
    )
    return {"files": count, "KiB of a file": sum(one.place.stat().st_size for one in found) / count / 1024} | speeds(
        taken
    )


def scanned(path: Path) -> SourceRow:
    """What the scan says of a film."""
    (row,) = scan(Scan(), Film(path.parent, path.name))
    return row


def to_score(path: Path) -> SplitSource:
    """The film as one clip."""
    row = scanned(path)
    return SplitSource(path, row, tuple(split(SPLIT, Scanned(path, row))))


def split_and_pack(path: Path, row: SourceRow, form: Pack) -> None:
    """From a film that was scanned to a packed folder."""
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        film = Kept(path, row, tuple(split(SPLIT, Scanned(path, row))), Path(place) / "cut")
        pack([sample(one, film, "", {}) for one in cut(form, film)], Path(place) / "packed")


def clip_speed(path: Path, rounds: int) -> dict[str, Any]:
    """Ten-second clips a CPU second, and what decoding alone takes."""
    row, job, by_ffmpeg = scanned(path), to_score(path), path.with_name("same.mp4")
    taken = in_rounds(
        rounds,
        {
            "decoded by FFmpeg": lambda: program_time(path),
            "scored": lambda: own_time(lambda: score(Scoring(), job)),
            "read for scoring without measures": lambda: own_time(lambda: score(Scoring(measures=()), job)),
            "split and packed": lambda: own_time(lambda: split_and_pack(path, row, PACK)),
            "split and packed at 8 pictures a second": lambda: own_time(lambda: split_and_pack(path, row, SLOW_PACK)),
            "cut by FFmpeg to the same form": lambda: program_time(path, [*SAME_BY_FFMPEG.split(), str(by_ffmpeg)]),
        },
    )
    return {f"clips {name} a CPU second": speed for name, speed in speeds(taken).items()}


def scaling(path: Path, jobs: int, rounds: int) -> dict[str, Any]:
    """Wall time of the same scoring in one process and in two; starting them counts."""
    todo = dict.fromkeys((f"film{number}" for number in range(jobs)), to_score(path))

    def wall(workers: int) -> float:
        start = time.perf_counter()
        for name, result in Pool(workers)(score, Scoring(), todo, Limits()):
            if not isinstance(result, list):
                raise SystemExit(f"{name}: {result}")
        return time.perf_counter() - start

    found = [(wall(1), wall(2)) for _ in range(rounds)]
    ones, twos = zip(*found, strict=True)
    return {
        "films of ten seconds scored": jobs,
        "s with 1 process": spread(ones),
        "s with 2": spread(twos),
        "times faster with 2": spread([one / two for one, two in found]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--files", type=int, default=300, help="short films that are scanned")
    parser.add_argument("--jobs", type=int, default=24, help="films that one and two processes score")
    parser.add_argument("--scaling-rounds", type=int, default=3)
    _results.add_write(parser)
    options = parser.parse_args()
    one_thread()
    cv2.setNumThreads(1)
    result: dict[str, Any] = {
        "rounds": options.rounds,
        "busy processes before (load average)": os.getloadavg()[0],
        "families of measures": len(names()),
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        result["scan"] = scanning_speed(folder, options.files, options.rounds)
        longer = {
            name: make_film(folder / f"{name}{making.suffix}", making, SECONDS) for name, making in LONGER.items()
        }
        result |= {name: clip_speed(path, options.rounds) for name, path in longer.items()}
        result["two processes"] = scaling(longer["720p"], options.jobs, options.scaling_rounds)
    note = (
        "Synthetic films; medians over rounds (least to greatest in brackets), CPU seconds of one thread; of two "
        "processes wall time. FFmpeg's program decoded the same films in the same rounds. Scanning writes "
        f"its parts and journal; splitting and packing goes from the film to a shard with {SIDE}x{SIDE} pictures, at "
        "the film's own rate (30 a second) unless another is named; FFmpeg's program encodes to the same form beside "
        "it, without a shard."
    )
    _results.publish("prepare-speed", "Preparing films", note, result, options.write)


if __name__ == "__main__":
    main()

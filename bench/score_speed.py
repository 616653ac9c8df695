"""How many ten-second clips a second one core scores, beside plain decoding of the same films by FFmpeg's program.

The films are made first, in a folder that goes again: a moving test picture with noise and noise on two channels, H.264
and AAC, 360p at 0.8 Mbit/s and 720p at 2.5. Each round decodes and scores each film once, so that what else the machine
does touches both alike. Times are CPU seconds: of this process, which runs one thread, and of FFmpeg with one thread.

    python bench/score_speed.py --rounds 9
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import _results
import cv2
import imageio_ffmpeg

from phonofilm.data.ingest.measures import names
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.score import Scoring, SplitSource, score
from phonofilm.data.ingest.split import Scanned, Split, split

SECONDS = 10
FILMS = {"360p": ("640x360", "800k"), "720p": ("1280x720", "2500k")}
FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-threads", "1"]


def make_film(path, size, rate):
    """A film of ten seconds."""
    picture = f"testsrc2=size={size}:rate=30:duration={SECONDS},noise=alls=6:allf=t"
    sound = f"anoisesrc=duration={SECONDS}:sample_rate=48000:amplitude=0.2"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    codecs = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-b:v", rate, "-threads", "1", "-c:a", "aac", "-ac", "2"]
    subprocess.run([*FFMPEG, *inputs, *codecs, str(path)], check=True)
    return path


def split_film(path):
    """The film as one clip."""
    (row,) = scan(Scan(), Film(path.parent, path.name))
    return SplitSource(path, row, tuple(split(Split(seconds=Fraction(SECONDS), rest=Fraction(9)), Scanned(path, row))))


def decoding(path):
    """CPU seconds of FFmpeg for pictures and sound."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*FFMPEG, "-i", str(path), "-threads", "1", "-f", "null", "-"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scoring(film, settings):
    """CPU seconds of the scoring stage."""
    start = time.process_time()
    score(settings, film)
    return time.process_time() - start


def measure(path, rounds):
    """Clips a CPU second of both, and what part of the scoring is measures."""
    film = split_film(path)
    scoring(film, Scoring())  # loads what is loaded once
    times = [(decoding(path), scoring(film, Scoring()), scoring(film, Scoring(measures=()))) for _ in range(rounds)]
    decoded, scored, bare = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "clips scored a CPU second": {
            "value": 1 / scored,
            "low": 1 / max(one for _, one, _ in times),
            "high": 1 / min(one for _, one, _ in times),
        },
        "clips decoded a CPU second by FFmpeg": 1 / decoded,
        "CPU ms for a clip": {
            "decoding by FFmpeg": 1e3 * decoded,
            "scoring": 1e3 * scored,
            "without measures": 1e3 * bare,
        },
        "scoring over decoding": scored / decoded,
    }


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    _results.add_write(parser)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        films = {name: make_film(Path(folder) / f"{name}.mp4", *how) for name, how in FILMS.items()}
        result = {"rounds": options.rounds, "families of measures": len(names())}
        result |= {name: measure(path, options.rounds) for name, path in films.items()}
    note = (
        "Ten-second synthetic films, CPU seconds of one thread, medians (least to greatest in brackets). FFmpeg's "
        "program decoded the same films in the same rounds; scoring looks at the film, decodes and measures it."
    )
    _results.publish("score-speed", "Scoring clips", note, result, options.write)


if __name__ == "__main__":
    main()

"""What each way to cut clips does to the sync of picture and sound: ours beside public recipes.

    python bench/cut_skew.py --clips FOLDER --cuts 4 --seed 0

Every film of the folder that has picture and sound is cut at the same random places by each recipe; the public ones
are re-created with the ffmpeg program of imageio-ffmpeg. Each clip's content is then looked for in its film, pictures
by matching, sound by cross-correlation at the film's rate; clips that cannot be judged are counted apart.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import _results
import av
import numpy as np

from phonofilm.benchmarks.sections import markdown_table, write_section
from phonofilm.data.ingest.scan import Scan, films, scan
from phonofilm.data.ingest.split import timeline
from phonofilm.errors import MediaError
from phonofilm.media.cut import Span, cut
from phonofilm.media.decoders import Decoder, Library, Program
from phonofilm.media.looking import Content, Pairing, look
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.verify import LIMIT
from phonofilm.pair import AV
from phonofilm.shapes import sample_of

REACH = 2.0
PROGRAM = Program()


@dataclass(frozen=True)
class Place:
    """Where a film is cut.

    Attributes:
        film: what it holds.
        begin, end: the times asked for, in seconds after the film's start.
        snapped: when the first picture at or after each of them is shown.
        span: the same, as our own recipe says it.
        ahead: the film's start, in seconds, on the clock that the program counts from.
    """

    film: MediaInfo
    begin: Fraction
    end: Fraction
    snapped: tuple[Fraction, Fraction]
    span: Span
    ahead: Fraction


@dataclass(frozen=True)
class Recipe:
    """A way to cut.

    Attributes:
        name: as in the table.
        words: for the ffmpeg program, with the film and times to be filled in; none: this library.
        is_snapped: the time asked of it is a picture's.
    """

    name: str
    words: str = ""
    is_snapped: bool = False

    def make(self, place: Place, to: Path) -> None:
        """Write the clip.

        Raises:
            CalledProcessError: if the program fails.
            MediaError: if this library does.
        """
        if not self.words:
            cut(place.film.path, place.span, to, force=True)
            return
        times = [time + place.ahead for time in (place.snapped if self.is_snapped else (place.begin, place.end))]
        given = {"begin": times[0], "end": times[1], "length": times[1] - times[0]}
        shown = {name: f"{float(time):.6f}" for name, time in given.items()}
        words = [word.format(film=place.film.path, **shown) for word in self.words.split()]
        command = [PROGRAM.file, "-v", "error", "-nostdin", "-y", *words, str(to)]
        subprocess.run(command, check=True, capture_output=True)


@dataclass(frozen=True)
class Result:
    """What was found of one clip, in ms.

    Attributes:
        start: of picture and sound the larger error against the time asked for; time stamps honoured.
        skew: sound against picture; time stamps honoured.
        naive: the same where the first sample is taken to belong to the first picture.
    """

    start: float
    skew: float
    naive: float


X264 = "-c:v libx264 -preset veryfast"
TRIM = "start={begin}:end={end}"
RECIPES = (
    Recipe("`-i -ss -t -c copy`", "-i {film} -ss {begin} -t {length} -c copy"),
    Recipe("`-ss -i -t -c copy`", "-ss {begin} -i {film} -t {length} -c copy"),
    Recipe("`-ss -to -i`, picture encoded, `-c:a copy`", f"-ss {{begin}} -to {{end}} -i {{film}} {X264} -c:a copy"),
    Recipe("`-ss -i -t`, both encoded", f"-ss {{begin}} -i {{film}} -t {{length}} {X264} -c:a aac"),
    Recipe("the same at a picture's time", f"-ss {{begin}} -i {{film}} -t {{length}} {X264} -c:a aac", is_snapped=True),
    Recipe(
        "`trim`, `atrim` at a picture's time, `passthrough`",
        f"-i {{film}} -vf trim={TRIM},setpts=PTS-STARTPTS -af atrim={TRIM},asetpts=PTS-STARTPTS "
        f"-fps_mode passthrough {X264} -c:a aac",
        is_snapped=True,
    ),
    Recipe("phonofilm", is_snapped=True),
)


def places(folder: Path, cuts: int, length: Fraction, seed: int) -> Iterator[Place]:
    """Random places in every film that is long enough and whole."""
    for film in films(folder):
        row = scan(Scan(), film)[0]
        if row.reason is not None:
            continue
        line, info = timeline(film.place, row), probe(film.place)
        first, last = line.both
        chance = random.Random(f"{seed} {film.path}")
        room = last - first - length - Fraction(1, 2)
        for _ in range(cuts if room > 0 else 0):
            begin = first - info.origin + room * chance.randrange(10**6) / 10**6
            yield _place(info, line.shown, line.time_base, begin, begin + length)


def _place(info: MediaInfo, shown: tuple[int, ...], tick: Fraction, begin: Fraction, end: Fraction) -> Place:
    first, stop = (bisect_left(shown, (time + info.origin) / tick) for time in (begin, end))
    times = [shown[index] * tick - info.origin for index in (first, stop)]
    assert info.audio is not None
    sample, last = (sample_of(time, info.audio.sample_rate) for time in times)
    span = Span(shown[first], shown[stop], stop - first, sample, last - sample)
    with av.open(str(info.path)) as container:
        ahead = info.origin - Fraction(container.start_time or 0, av.time_base)
    return Place(info, begin, end, (times[0], times[1]), span, ahead)


def judged(recipe: Recipe, place: Place, folder: Path, decoder: Decoder) -> Result | str:
    """Cut and look; a word where there is nothing to measure."""
    suffix = place.film.path.suffix if place.film.is_indexed else ".mkv"
    to = folder / f"clip{suffix if recipe.words else '.mp4'}"
    to.unlink(missing_ok=True)
    try:
        recipe.make(place, to)
        clip = probe(to)
    except (MediaError, subprocess.CalledProcessError) as error:
        if not recipe.words:
            raise
        print(f"{recipe.name}: {place.film.path.name}: {error}", file=sys.stderr)
        return "unusable"
    if clip.video is None or clip.audio is None:
        return "unusable"
    wanted = place.film.origin + (place.snapped[0] if recipe.is_snapped else place.begin)
    content = look(Pairing(clip, place.film, AV(wanted, wanted), place.end - place.begin), decoder, REACH)
    return _measured(content)


def _measured(content: Content) -> Result | str:
    picture, sound = content.found.video.error, content.found.audio.error
    shown, heard = content.starts
    if not content.counts.video or not content.counts.audio:
        return "unusable"
    if picture is None or sound is None or shown is None or heard is None:
        return "not judged"
    naive = sound - picture + float(heard - shown)
    return Result(1000 * max(abs(picture), abs(sound)), 1000 * (sound - picture), 1000 * naive)


def table_row(name: str, results: list[Result | str]) -> dict[str, object]:
    """Medians, 95th percentiles and shares of one recipe."""
    found = [result for result in results if isinstance(result, Result)]
    starts, skews, naives = (
        np.abs([getattr(result, field) for result in found] or [np.nan]) for field in ("start", "skew", "naive")
    )
    return {
        "recipe": name,
        "clips": len(results),
        "no picture or sound": results.count("unusable"),
        "not judged": results.count("not judged"),
        "start: median, ms": float(np.median(starts)),
        "start: p95, ms": float(np.percentile(starts, 95)),
        "skew: median, ms": float(np.median(skews)),
        "skew: p95, ms": float(np.percentile(skews, 95)),
        "naive skew: median, ms": float(np.median(naives)),
        "naive skew: p95, ms": float(np.percentile(naives, 95)),
        "skew within 1 ms": f"{np.mean(skews <= 1000 * LIMIT):.0%}",
        "naive within 1 ms": f"{np.mean(naives <= 1000 * LIMIT):.0%}",
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder of films")
    parser.add_argument("--cuts", type=int, default=4, help="random places in each film")
    parser.add_argument("--seconds", type=Fraction, default=Fraction(2), help="length of a clip")
    parser.add_argument("--seed", type=int, default=0)
    _results.add_write(parser)
    given = parser.parse_args()
    at = list(places(given.clips, given.cuts, given.seconds, given.seed))
    rows = []
    looking: list[tuple[Recipe, Decoder]] = [(recipe, Library()) for recipe in RECIPES] + [(RECIPES[-1], PROGRAM)]
    with tempfile.TemporaryDirectory() as folder:
        for recipe, decoder in looking:
            results = [judged(recipe, place, Path(folder), decoder) for place in at]
            rows.append(table_row(f"{recipe.name}, seen by {decoder.name}", results))
            print(json.dumps(rows[-1]), flush=True)
    if given.write is not None:
        cells = [[_results.plain(value) for value in row.values()] for row in rows]
        note = (
            f"{len(at)} clips of {float(given.seconds):g} s at random places of the films in the folder that have "
            f"picture and sound and are longer, seed {given.seed}. *Start*: of picture and sound the larger distance "
            "between what is seen or heard and the time asked for (a picture's, where the recipe snaps to one). "
            "*Skew*: sound against picture where a reader honours time stamps; *naive*: where it takes the first "
            "sample to belong to the first picture. Absolute values over the clips that can be judged."
        )
        body = f"## Sync of cut clips\n\n```\n{_results.command()}\n```\n\n{note} {_results.machine()}\n\n"
        write_section(given.write, "cut-skew", body + markdown_table(list(rows[0]), cells))


if __name__ == "__main__":
    main()

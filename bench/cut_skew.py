"""What each way to cut clips does to the sync of picture and sound: ours beside public recipes.

    python bench/cut_skew.py --clips FOLDER --cuts 4 --seed 0

Every film of the folder that has picture and sound is cut at the same random places by each recipe; the public ones
are re-created with the ffmpeg program of imageio-ffmpeg. Each clip's content is then looked for in its film, pictures
by matching, sound by cross-correlation at the film's rate. What cannot be judged is counted, with the reason, for each
recipe and for each film. Two long films that are made here are cut into windows of 34 s besides.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import _results
import numpy as np
from _cutting import COPY, OURS, RECIPES, Made, Place, Recipe, Segments, random_places, windows

from phonofilm.benchmarks.sections import write_section
from phonofilm.media.decoders import Decoder, Library, Program
from phonofilm.media.looking import Content, Pairing, look
from phonofilm.media.matching import Doubt
from phonofilm.media.verify import LIMIT
from phonofilm.pair import AV
from phonofilm.plots.tables import markdown_table

WINDOW = Fraction(34)
SKIPPED = Fraction(10)
LONG = Fraction(192)
"""Seconds of a long film, which holds five windows."""
SIDES = AV("picture", "sound")
NO_DOUBTS: AV[Doubt | None] = AV(None, None)


@dataclass(frozen=True)
class Result:
    """What was found of one clip, in ms.

    Attributes:
        film: name of the film.
        is_whole: the clip has pictures and sound.
        start: the error against the time asked for, time stamps honoured: of picture and sound the larger one, or
            that of the one that could be judged.
        skew: sound against picture; time stamps honoured.
        naive: the same where the first sample is taken to belong to the first picture.
        doubts: why picture and sound could not be judged.
    """

    film: str
    is_whole: bool = False
    start: float | None = None
    skew: float | None = None
    naive: float | None = None
    doubts: AV[Doubt | None] = NO_DOUBTS


def judged(made: Made, decoder: Decoder) -> Result:
    """Look at a clip."""
    film, clip = made.film.path.name, made.clip
    if clip is None or clip.video is None or clip.audio is None:
        return Result(film)
    return _measured(
        film, look(Pairing(clip, made.film, AV(made.wanted, made.wanted), made.length), decoder, made.reach)
    )


def _measured(film: str, content: Content) -> Result:
    if not content.counts.video or not content.counts.audio:
        return Result(film)
    picture, sound = (found.error for found in content.found)
    shown, heard = content.starts
    start = max((1000 * abs(error) for error in (picture, sound) if error is not None), default=None)
    doubts = AV(*(found.doubt for found in content.found))
    if picture is None or sound is None or shown is None or heard is None:
        return Result(film, True, start, doubts=doubts)
    skew = sound - picture
    return Result(film, True, start, 1000 * skew, 1000 * (skew + float(heard - shown)))


def table_row(name: str, results: Sequence[Result]) -> dict[str, object]:
    """Medians, 95th percentiles, greatest values and shares of one recipe."""
    starts, skews, naives = (
        np.abs([value for result in results if (value := getattr(result, field)) is not None])
        for field in ("start", "skew", "naive")
    )
    return {
        "recipe": name,
        "clips": len(results),
        "no picture or sound": sum(not result.is_whole for result in results),
        "start judged": len(starts),
        **_spread("start", starts),
        "skew judged": len(skews),
        **_spread("skew", skews),
        **_spread("naive skew", naives),
        "skew within 1 ms": _share(skews),
        "naive within 1 ms": _share(naives),
    }


def _spread(name: str, values: np.ndarray) -> dict[str, object]:
    named = {"median": np.median, "p95": lambda some: np.percentile(some, 95), "max": np.max}
    return {f"{name}: {what}, ms": float(of(values)) if len(values) else None for what, of in named.items()}


def _share(values: np.ndarray) -> str | None:
    return f"{np.mean(values <= 1000 * LIMIT):.0%}" if len(values) else None


def why_not(results: Iterable[Result]) -> dict[tuple[str, str], int]:
    """How many clips' skew could not be judged for each pair of reasons, of picture and of sound."""
    doubted = [result.doubts for result in results if result.is_whole and result.skew is None]
    return dict(Counter((_said(doubts.video), _said(doubts.audio)) for doubts in doubted).most_common())


def _said(doubt: Doubt | None) -> str:
    return "found" if doubt is None else doubt.value


def reasons_table(rows: dict[str, list[Result]], kind: str) -> str:
    """A line for each recipe or film, and reason."""
    cells = [
        [name, picture, sound, f"{count} of {len(results)}"]
        for name, results in rows.items()
        for (picture, sound), count in why_not(results).items()
    ]
    return markdown_table([kind, *SIDES, "clips"], cells)


def by_film(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results of each film, in the order of its first one."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.film, []).append(result)
    return found


def measured(recipes: Sequence[tuple[Recipe | Segments, Decoder]], places: Sequence[Place]) -> dict[str, list[Result]]:
    """The results of each recipe, seen by each decoder."""
    rows = {}
    for recipe, decoder in recipes:
        with tempfile.TemporaryDirectory() as folder:
            name = f"{recipe.name}, seen by {decoder.name}"
            rows[name] = [judged(made, decoder) for made in recipe.clips(places, Path(folder))]
        print(json.dumps(table_row(name, rows[name])), flush=True)
    return rows


def skew_table(rows: dict[str, list[Result]]) -> str:
    """In Markdown."""
    lines = [table_row(name, results) for name, results in rows.items()]
    return markdown_table(list(lines[0]), [[_results.plain(value) for value in line.values()] for line in lines])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder of films")
    parser.add_argument("--cuts", type=int, default=4, help="random places in each film")
    parser.add_argument("--seconds", type=Fraction, default=Fraction(2), help="length of a clip")
    parser.add_argument("--seed", type=int, default=0)
    _results.add_write(parser)
    given = parser.parse_args()
    twice = [(OURS, Library()), (OURS, Program())]
    places = list(random_places(given.clips, given.cuts, given.seconds, given.seed))
    short = measured([*((recipe, Library()) for recipe in RECIPES[:-1]), *twice], places)
    with tempfile.TemporaryDirectory() as folder:
        long = measured([(COPY, Library()), *twice], list(windows(Path(folder), LONG, WINDOW, SKIPPED)))
    if given.write is not None:
        about = NOTE.format(places=len(places), seconds=float(given.seconds), seed=given.seed)
        parts = [
            f"## Sync of cut clips\n\n```\n{_results.command()}\n```\n\n{about} {_results.machine()}",
            skew_table(short),
            LONG_NOTE.format(seconds=float(LONG), window=float(WINDOW), skipped=float(SKIPPED)),
            skew_table(long),
            REASONS_NOTE,
            reasons_table(
                short | {f"{name}, {float(WINDOW):g} s": results for name, results in long.items()}, "recipe"
            ),
            FILMS_NOTE,
            reasons_table(by_film(short[f"{OURS.name}, seen by {Library().name}"]), "film"),
        ]
        write_section(given.write, "cut-skew", "\n\n".join(parts))


NOTE = (
    "{places} places of {seconds:g} s, drawn at random (seed {seed}) in the films of the folder that have picture and "
    "sound and are longer; `-f segment` cuts each of these films as a whole into segments of that length. *Start*: the "
    "distance between what is seen or heard and the time asked for (a picture's, where the recipe snaps to one; that "
    "many lengths after the film's start, for a segment), of picture and sound the larger one, or that of the one that "
    "can be judged. A stream copy cannot begin a segment before the next key picture, so its start may be seconds "
    "off while its skew is small; with key pictures forced, ffmpeg can miss the first cut by the encoder's delay, and "
    "each later segment is a length late. Segments' content is looked for in the whole film, else at most 2 s away. "
    "*Skew*: "
    "sound against picture where a reader honours time stamps; *naive*: where it takes the first sample to belong to "
    "the first picture; both where picture and sound can be judged. Absolute values."
)
LONG_NOTE = (
    "The same of windows of {window:g} s, back to back from {skipped:g} s on, in two films of {seconds:g} s of "
    "Clapperboard scenes with a key picture each second (23.976 and 25 fps): the length that the first recipe was "
    "published with. Its pictures begin at the next key picture, its sound at once, so its naive skew grows with the "
    "distance of key pictures, which is several seconds in many films."
)
REASONS_NOTE = (
    "Clips whose skew could not be judged, with what stood in the way (`media/matching.py`). *static*: no picture and "
    "no stretch of them differs from those beside it; *unclear*: pictures differ, but more than one place fits; "
    "*silent*: a mean level below -80 dB; *tonal*: sound that is the same in several places; "
    "*unlike*: nothing near the place is like it; *found*: judged, and counted in *start*."
)
FILMS_NOTE = "The same by film, of our clips: every one that has no line here is judged."


if __name__ == "__main__":
    main()

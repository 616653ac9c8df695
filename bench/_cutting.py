"""Ways to cut clips: public recipes, said to the ffmpeg program in words of our own, and this library."""

from __future__ import annotations

import random
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from _films import LONG_FORMS, make_long_film

from phonofilm.data.ingest.scan import Film, Scan, films, scan
from phonofilm.data.ingest.timeline import Timeline, timeline
from phonofilm.errors import MediaError
from phonofilm.media.cut import Span, cut
from phonofilm.media.decoders import Program
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.shapes import sample_of

FFMPEG = Program().file
REACH = Fraction(2)
"""How far from its place a clip's content is looked for, in seconds."""


@dataclass(frozen=True)
class Place:
    """Where a film is cut.

    Attributes:
        film: what it holds.
        begin, end: the times asked for, in seconds after the film's start.
        snapped: when the first picture at or after each of them is shown.
        span: the same, as our own recipe says it.
        ahead: the film's start, in seconds, on the clock that the program counts from.
        until: length of the film, in seconds.
    """

    film: MediaInfo
    begin: Fraction
    end: Fraction
    snapped: tuple[Fraction, Fraction]
    span: Span
    ahead: Fraction
    until: Fraction


@dataclass(frozen=True)
class Made:
    """A clip that a recipe made.

    Attributes:
        clip: what it holds; ``None``: nothing that can be opened.
        film: that it was cut from.
        wanted: when it should begin, in seconds on the film's own clock.
        length: that it should have, in seconds.
        reach: how far from there its content is looked for.
    """

    clip: MediaInfo | None
    film: MediaInfo
    wanted: Fraction
    length: Fraction
    reach: Fraction


@dataclass(frozen=True)
class Recipe:
    """A way to cut at given places.

    Attributes:
        name: as in the table.
        words: for the ffmpeg program, with the film and times to be filled in; none: this library.
        is_snapped: the time asked of it is a picture's.
    """

    name: str
    words: str = ""
    is_snapped: bool = False

    def clips(self, places: Sequence[Place], folder: Path) -> Iterator[Made]:
        """Cut at every place, one after the other, in a folder of one's own.

        Raises:
            MediaError: if this library fails.
        """
        for place in places:
            suffix = place.film.path.suffix if place.film.is_indexed else ".mkv"
            to = folder / f"clip{suffix if self.words else '.mp4'}"
            to.unlink(missing_ok=True)
            wanted = place.film.origin + (place.snapped[0] if self.is_snapped else place.begin)
            yield Made(self._clip(place, to), place.film, wanted, place.end - place.begin, REACH)

    def _clip(self, place: Place, to: Path) -> MediaInfo | None:
        if not self.words:
            cut(place.film.path, place.span, to, force=True)
            return probe(to)
        times = [time + place.ahead for time in (place.snapped if self.is_snapped else (place.begin, place.end))]
        given = {"begin": times[0], "end": times[1], "length": times[1] - times[0]}
        shown = {name: f"{float(time):.6f}" for name, time in given.items()}
        ran = _run(*(word.format(film=place.film.path, **shown) for word in self.words.split()), str(to))
        return _opened(to) if ran else None


@dataclass(frozen=True)
class Segments:
    """A way to cut a film as a whole into segments of one length.

    Segment ``i`` is asked for from ``i`` lengths after the film's start on; a stream copy begins it at the next key
    picture, which may be seconds later, so its content is looked for in the whole film.

    Attributes:
        name: as in the table.
        words: for the program, before those of its segment format.
    """

    name: str
    words: str

    def clips(self, places: Sequence[Place], folder: Path) -> Iterator[Made]:
        """Cut every film that has a place into segments as long as the places."""
        for place in {place.film.path: place for place in places}.values():
            film, length = place.film, place.end - place.begin
            suffix = film.path.suffix if film.is_indexed else ".mkv"
            for old in folder.glob("segment*"):
                old.unlink()
            words = self.words.format(film=film.path, length=float(length)).split()
            split = ["-f", "segment", "-segment_time", f"{float(length)}", "-reset_timestamps", "1"]
            _run(*words, *split, str(folder / f"segment%04d{suffix}"))
            for index, path in enumerate(sorted(folder.glob("segment*"))):
                yield Made(_opened(path), film, film.origin + index * length, length, place.until)


X264 = "-c:v libx264 -preset veryfast"
TRIM = "start={begin}:end={end}"
STREAMS = "-i {film} -map 0:v:0 -map 0:a:0"
COPY = Recipe("`-i -ss -t -c copy`", "-i {film} -ss {begin} -t {length} -c copy")
OURS = Recipe("phonofilm", is_snapped=True)
RECIPES = (
    COPY,
    Recipe("`-ss -i -t -c copy`", "-ss {begin} -i {film} -t {length} -c copy"),
    Segments("`-f segment -c copy`", f"{STREAMS} -c copy"),
    Segments(
        "`-f segment`, picture encoded with key pictures at the cuts, `-c:a copy`",
        f"{STREAMS} {X264} -force_key_frames expr:gte(t,n_forced*{{length}}) -c:a copy",
    ),
    Recipe("`-ss -to -i`, picture encoded, `-c:a copy`", f"-ss {{begin}} -to {{end}} -i {{film}} {X264} -c:a copy"),
    Recipe("`-ss -i -t`, both encoded", f"-ss {{begin}} -i {{film}} -t {{length}} {X264} -c:a aac"),
    Recipe("the same at a picture's time", f"-ss {{begin}} -i {{film}} -t {{length}} {X264} -c:a aac", is_snapped=True),
    Recipe(
        "`trim`, `atrim` at a picture's time, `passthrough`",
        f"-i {{film}} -vf trim={TRIM},setpts=PTS-STARTPTS -af atrim={TRIM},asetpts=PTS-STARTPTS "
        f"-fps_mode passthrough {X264} -c:a aac",
        is_snapped=True,
    ),
    OURS,
)


@dataclass(frozen=True)
class _Source:
    """A film that clips are cut from, the times of its pictures, and its length with picture and sound."""

    info: MediaInfo
    line: Timeline

    @property
    def seconds(self) -> Fraction:
        first, last = self.line.both
        return last - first

    def place(self, after: Fraction, length: Fraction) -> Place:
        """So many seconds after both picture and sound have begun."""
        info, shown, tick = self.info, self.line.shown, self.line.time_base
        begin = self.line.both[0] - info.origin + after
        first, stop = (bisect_left(shown, (time + info.origin) / tick) for time in (begin, begin + length))
        times = [shown[index] * tick - info.origin for index in (first, stop)]
        assert info.audio is not None
        sample, last = (sample_of(time, info.audio.sample_rate) for time in times)
        span = Span(shown[first], shown[stop], stop - first, sample, last - sample)
        with av.open(str(info.path)) as container:
            ahead = info.origin - Fraction(container.start_time or 0, av.time_base)
        return Place(info, begin, begin + length, (times[0], times[1]), span, ahead, self.seconds)


def random_places(folder: Path, cuts: int, length: Fraction, seed: int) -> Iterator[Place]:
    """Random places in every film that has picture and sound, is long enough, and whole."""
    for film in films(folder):
        source, chance = _source(film), random.Random(f"{seed} {film.path}")
        room = source.seconds - length - Fraction(1, 2) if source else 0
        for _ in range(cuts if source and room > 0 else 0):
            yield source.place(room * chance.randrange(10**6) / 10**6, length)


def windows(folder: Path, film_length: Fraction, length: Fraction, skipped: Fraction) -> Iterator[Place]:
    """Whole windows back to back, without a film's beginning, in two long films that are made in the folder."""
    for seed, form in enumerate(LONG_FORMS[:2]):
        path = make_long_film(folder / f"long-{seed}{form.suffix}", form, film_length, seed)
        source, begin = _source(Film(path.parent, path.name)), skipped
        while source and begin + length < source.seconds:
            yield source.place(begin, length)
            begin += length


def _source(film: Film) -> _Source | None:
    row = scan(Scan(), film)[0]
    return _Source(probe(film.place), timeline(film.place, row)) if row.reason is None else None


def _run(*words: str) -> bool:
    """Whether the program could do what it was told."""
    done = subprocess.run([FFMPEG, "-v", "error", "-nostdin", "-y", *words], capture_output=True, check=False)
    if done.returncode:
        print(f"ffmpeg {' '.join(words)}: {done.stderr.decode(errors='replace')}", file=sys.stderr)
    return not done.returncode


def _opened(path: Path) -> MediaInfo | None:
    """What a public recipe's clip holds, if it can be opened at all."""
    try:
        return probe(path)
    except MediaError as error:
        print(error, file=sys.stderr)
        return None

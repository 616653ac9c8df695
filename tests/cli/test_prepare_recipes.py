"""The recipes that ship, each on a few tiny films that are named and listed as the real collection's are.

The packed films are opened with PyAV alone: what they are is not taken from the index that was written beside them.
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import numpy as np

from phonofilm.media.clip import Clip
from phonofilm.media.form import Form
from phonofilm.media.mux import encode
from tests.cli.conftest import Run

FPS, RATE, SIZE = 2, 8_000, (48, 64)
"""Of the films: none of the recipes' own, and quick to decode."""
STEP = 3
"""Grey levels that each second of a film is brighter than the one before."""
WARNING = "phonofilm: warning: "


@dataclass(frozen=True, order=True)
class Piece:
    """Where a packed clip comes from and what is said of it: its film, from and until which second, and the rest."""

    film: str
    begins: int
    ends: int
    subset: str
    caption: str = ""


@dataclass(frozen=True)
class Kind:
    """What a packed clip is as a file."""

    frames: int
    fps: Fraction
    size: tuple[int, int]
    samples: int
    rate: int
    channels: int


@dataclass(frozen=True)
class Outcome:
    """What a recipe made of a folder: its clips, their kinds, and what it warned of."""

    pieces: list[Piece]
    kinds: set[Kind]
    warnings: list[str]


@lru_cache
def pattern(seconds: int) -> bytes:
    """A film that grows brighter by the second, with a stereo tone."""
    grey = np.repeat(STEP * np.arange(seconds, dtype=np.uint8), FPS)
    frames = np.broadcast_to(grey[:, None, None, None], (len(grey), *SIZE, 3)).copy()
    tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(seconds * RATE, dtype=np.float32) / RATE)
    sound = np.stack([tone, tone]).astype(np.float32)
    return encode(Clip(frames, sound, Fraction(FPS), RATE), Form().container)  # FLAC costs less time than AAC


def film(folder: Path, name: str, seconds: int) -> str:
    """Place a film; an empty box at its end that holds its name makes it no copy of another. Gives its id."""
    named = name.encode()
    data = pattern(seconds) + struct.pack(">I4s", 8 + len(named), b"free") + named
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return source_id(data)


def source_id(film: bytes) -> str:
    """By which the records beside the packed clips name a film."""
    return sha256(film).hexdigest()[:16]


def prepared(run: Run, recipe: str, films: Path) -> Outcome:
    """What the command makes of a folder of films."""
    ran = run("prepare", "run", recipe, films, "-o", "out", "--workers", "1")
    assert ran.status == 0, ran.err
    names = {source_id(path.read_bytes()): path for path in films.rglob("*.mp4")}
    pieces, kinds = [], set()
    for data, record in packed(Path("out")):
        (first, last), kind = opened(data)
        name = names[record["source_id"]].relative_to(films).as_posix()
        pieces.append(Piece(name, first, last + 1, record["split"], record["caption"]))
        kinds.add(kind)
    warnings = [line.removeprefix(WARNING) for line in ran.err.splitlines() if line.startswith(WARNING)]
    return Outcome(sorted(pieces), kinds, warnings)


def packed(folder: Path) -> list[tuple[bytes, dict[str, Any]]]:
    """The films of all shards and the records beside them."""
    files: dict[str, bytes] = {}
    for shard in folder.glob("shard-*.tar"):
        with tarfile.open(shard) as tar:
            files |= {member.name: tar.extractfile(member).read() for member in tar}  # pyright: ignore
    return [(data, json.loads(files[f"{name[:-4]}.json"])) for name, data in files.items() if name.endswith(".mp4")]


def opened(data: bytes) -> tuple[tuple[int, int], Kind]:
    """Which seconds of the pattern a clip begins and ends in, and what it is."""
    with av.open(io.BytesIO(data)) as container:
        pictures = list(container.decode(video=0))
        rate = container.streams.video[0].average_rate
    with av.open(io.BytesIO(data)) as container:
        sounds = list(container.decode(audio=0))
    assert rate is not None
    first, last = pictures[0], pictures[-1]
    samples = sum(frame.samples for frame in sounds)
    size = first.height, first.width
    kind = Kind(len(pictures), rate, size, samples, sounds[0].sample_rate, len(sounds[0].layout.channels))
    return (second(first), second(last)), kind


def second(picture: av.VideoFrame) -> int:
    """Which second of the pattern a picture is of."""
    return round(float(picture.to_ndarray(format="rgb24").mean()) / STEP)


def own(seconds: int) -> Kind:
    """What a clip is that keeps its film's rates and size."""
    return Kind(seconds * FPS, Fraction(FPS), SIZE, seconds * RATE, RATE, 2)


def squared(fps: int) -> Kind:
    """What a clip is of four seconds at a rate of its own, 256 pixels wide and high, with its film's sound."""
    return Kind(4 * fps, Fraction(fps), (256, 256), 4 * RATE, RATE, 2)


def drawn(videos: list[str]) -> list[str]:
    """Videos in the order that seed 0 draws them in: the first ones train, the last ones are held out."""
    return sorted(videos, key=lambda video: sha256(f"0 {video}".encode()).digest())


def test_greatest_hits(run: Run, tmp_path: Path) -> None:
    films = tmp_path / "films"
    first, other, unlisted, gone = (f"2015-{month}-16-16-49-06" for month in ("02", "03", "09", "10"))
    for name, seconds in ((first, 9), (other, 5), (unlisted, 5)):
        film(films, f"{name}_denoised_thumb.mp4", seconds)
        (films / f"{name}_times.txt").write_text("1.5 metal hit static\n")  # when it is hit: these are no captions
    (films / f"{first}_denoised_thumb.txt").write_text("a stick hits a cup\n")
    (films / "train.txt").write_text(f"{first}\n{gone}\n")
    (films / "validation.txt").write_text(f"{other}\n")
    made = prepared(run, "greatest-hits", films)
    assert made.pieces == [
        Piece(f"{first}_denoised_thumb.mp4", 0, 4, "train", "a stick hits a cup"),
        Piece(f"{first}_denoised_thumb.mp4", 4, 8, "train", "a stick hits a cup"),
        Piece(f"{other}_denoised_thumb.mp4", 0, 4, "validation"),
    ]
    assert made.kinds == {squared(fps=8)}
    films_, train, validation, lacking = made.warnings
    assert "greatest-hits should have 977 films and has 2 (" in films_
    assert "should have 6,177 clips for train, give or take 2 %, and has 2 (" in train
    assert "should have 2,040 clips for validation, give or take 2 %, and has 1 (" in validation
    assert lacking == f"the lists name 1 film more than there are, for example {gone}"


def test_landscape(run: Run, tmp_path: Path) -> None:
    films = tmp_path / "films"
    *train, held_out = drawn([f"video{number}" for number in range(10)])
    film(films, f"fire_crackling/{held_out}_chunk1.mp4", 9)
    film(films, f"fire_crackling/{held_out}_chunk2.mp4", 5)
    for video in train:
        film(films, f"rain/{video}_chunk1.mp4", 5)
    made = prepared(run, "landscape", films)
    assert made.pieces == [
        Piece(f"fire_crackling/{held_out}_chunk1.mp4", 0, 4, "validation", "fire crackling"),
        Piece(f"fire_crackling/{held_out}_chunk1.mp4", 4, 8, "validation", "fire crackling"),
        Piece(f"fire_crackling/{held_out}_chunk2.mp4", 0, 4, "validation", "fire crackling"),
        *(Piece(f"rain/{video}_chunk1.mp4", 0, 4, "train", "rain") for video in sorted(train)),
    ]
    assert made.kinds == {squared(fps=4)}
    films_, classes = made.warnings
    assert "landscape should have 928 or 1,000 films and has 11 (" in films_
    assert "landscape should have 9 different captions and has 2 (" in classes


def test_vggsound(run: Run, tmp_path: Path) -> None:
    films = tmp_path / "films"
    for name, seconds in (("--aE2O5G5WE_000030", 9), ("--aE2O5G5WE_000040", 5), ("abcdefghijk_5", 5), ("xyz", 5)):
        film(films, f"{name}.mp4", seconds)
    film(films, "of_no_table_000001.mp4", 5)
    (films / "vggsound.csv").write_text(
        '--aE2O5G5WE,30,"goat bleating",train\n--aE2O5G5WE,40,"female speech, woman speaking",test\n'
        "abcdefghijk,5,people marching,test\nxyz,11,people marching,train\n"
    )
    made = prepared(run, "vggsound", films)
    assert made.pieces == [
        Piece("--aE2O5G5WE_000030.mp4", 0, 4, "train", "goat bleating"),
        Piece("--aE2O5G5WE_000030.mp4", 4, 8, "train", "goat bleating"),
        Piece("--aE2O5G5WE_000040.mp4", 0, 4, "test", "female speech, woman speaking"),
        Piece("abcdefghijk_5.mp4", 0, 4, "test", "people marching"),
        Piece("xyz.mp4", 0, 4, "train", "people marching"),
    ]
    assert made.kinds == {squared(fps=4)}
    films_, classes = made.warnings
    assert "vggsound should have 200,000 films, give or take 5 %, and has 4 (" in films_
    assert "vggsound should have 300 different captions, give or take 5 %, and has 3 (" in classes


def test_concerts_around_the_globe(run: Run, tmp_path: Path) -> None:
    """Whole films: what is drawn is the film itself, by its bytes."""
    films = tmp_path / "films"
    names = {film(films, f"concert{number:02}.mp4", 44): f"concert{number:02}.mp4" for number in range(19)}
    long = film(films, "long.mp4", 79)
    (films / "long.txt").write_text("nobody asks for this")
    *train, validation, test = drawn([*names, long])
    names |= {long: "long.mp4"}
    subset = {**dict.fromkeys(train, "train"), validation: "validation", test: "test"}
    made = prepared(run, "concerts-around-the-globe", films)
    expected = [Piece(name, 10, 44, subset[one]) for one, name in names.items()]
    assert made.pieces == sorted([*expected, Piece("long.mp4", 44, 78, subset[long])])
    assert made.kinds == {own(seconds=34)}
    (hours,) = made.warnings
    assert "concerts-around-the-globe should have 64 hours, give or take 10 %, and has 0.20 (" in hours


def test_call_of_duty(run: Run, tmp_path: Path) -> None:
    """Segments: those of one recording stay together, and a film that is shorter than one gives none."""
    films = tmp_path / "films"
    *train, validation, test = drawn([f"game{number}" for number in range(20)])
    for video in train:
        film(films, f"{video}_chunk0.mp4", 34)
    film(films, f"{validation}_chunk0.mp4", 69)
    film(films, f"{test}_chunk0.mp4", 34)
    film(films, f"{test}_chunk1.mp4", 34)
    film(films, f"{test}_chunk2.mp4", 33)
    (films / f"{test}_chunk0.txt").write_text("nobody asks for this")
    made = prepared(run, "call-of-duty", films)
    assert made.pieces == sorted(
        [
            *(Piece(f"{video}_chunk0.mp4", 0, 34, "train") for video in train),
            Piece(f"{validation}_chunk0.mp4", 0, 34, "validation"),
            Piece(f"{validation}_chunk0.mp4", 34, 68, "validation"),
            Piece(f"{test}_chunk0.mp4", 0, 34, "test"),
            Piece(f"{test}_chunk1.mp4", 0, 34, "test"),
        ]
    )
    assert made.kinds == {own(seconds=34)}
    (hours,) = made.warnings
    assert "call-of-duty should have 13 hours, give or take 10 %, and has 0.21 (" in hours

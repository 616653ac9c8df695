"""Jobs that hang, die, eat memory or fail, each of which must cost itself only."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phonofilm.data.ingest.cutting import CutRow, Kept, cut
from phonofilm.data.ingest.engine import Engine
from phonofilm.data.ingest.pool import Limits, Pool, effort
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import Failure
from phonofilm.data.ingest.score import Scoring, SplitSource, score
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.errors import MediaError, SettingError, StorageError, UnforeseenError, UnsupportedMediaError
from phonofilm.media.clip import Clip
from phonofilm.media.write import write
from tests.data.ingest.films import clip, cut_film, source, write_film


def job(settings: int, kind: str) -> int:
    if kind == "hangs":
        time.sleep(1000)
    if kind == "dies":
        os._exit(5)
    if kind == "eats":
        return len(bytearray(2**31))
    if kind == "damaged":
        raise MediaError("the film is damaged")
    if kind == "unknown codec":
        raise UnsupportedMediaError("a codec")
    return settings + 1


def outcomes(engine: Engine, limits: Limits) -> dict[str, Reason | int]:
    found = engine(job, 41, {kind: kind for kind in EXPECTED}, limits)
    return {name: result.reason if isinstance(result, Failure) else result for name, result in found}


NARROW = Limits(seconds=8, memory=2**30)
EXPECTED = {
    "good": 42,
    "hangs": Reason.TIMEOUT,
    "dies": Reason.CRASH,
    "eats": Reason.MEMORY,
    "damaged": Reason.DAMAGED,
    "unknown codec": Reason.UNSUPPORTED,
    "also good": 42,
    "fine": 42,
}
"""What each kind of job gives on any engine within those limits."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_bad_film_costs_itself_only() -> None:
    assert outcomes(Pool(2), NARROW) == EXPECTED


def shown(settings: int, job: tuple[int, Path]) -> int:
    """Decode a film with so many bytes more than the process has: FFmpeg finds no memory here or there."""
    extra, film = job
    import resource

    import cv2  # noqa: F401  its memory is none of the decoder's

    from phonofilm.media.read import read

    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (1024 * int(held.split()[1]) + extra, resource.RLIM_INFINITY))
    return len(read(film, size=(8, 8)).frames)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_film_that_memory_ran_out_with_is_not_called_damaged(tmp_path: Path) -> None:
    """FFmpeg says "temporarily unavailable" where a thread, and "invalid data" where a picture finds no room."""
    grey = np.random.default_rng(0).integers(0, 256, (6, 1, 1, 3), np.uint8)
    frames = np.broadcast_to(grey, (6, 1080, 1920, 3)).copy()
    (tmp_path / "bad.mp4").write_bytes(bytes(1000))
    film = write(Clip(frames, None, Fraction(6), 0), tmp_path / "film.mp4")
    jobs = {f"{extra} MiB": (extra << 20, film) for extra in (4, 12)}
    for _, result in Pool(1)(shown, 0, jobs, Limits(seconds=20)):
        assert isinstance(result, Failure)
        assert result.reason is Reason.MEMORY, result
    jobs = {"bad": (2**30, tmp_path / "bad.mp4"), "good": (2**30, film)}
    found = dict(Pool(1)(shown, 0, jobs, Limits()))
    assert isinstance(found["bad"], Failure)
    assert found["bad"].reason is Reason.DAMAGED
    assert found["good"] == 6


def cut_into(room: int, film: Kept) -> list[CutRow]:
    """Cut where files may have so many bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    return cut(Pack(), film)


@pytest.mark.skipif(sys.platform != "linux", reason="the size of files is limited on Linux only")
@pytest.mark.parametrize("room", [0, 3000])
def test_a_full_disk_is_no_bad_film(tmp_path: Path, room: int) -> None:
    film = write_film(tmp_path / "film.mkv")
    row, clips = cut_film(tmp_path, "film.mkv", Split())
    kept = {"whole": Kept(film, row, clips, tmp_path / "cut")}
    with pytest.raises(StorageError, match="make room"):
        list(Pool(1)(cut_into, room, kept, Limits()))
    assert not [path for path in (tmp_path / "cut").iterdir() if path.stat().st_size]


def test_a_film_that_is_gone_is_no_bad_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv")
    row, clips = cut_film(tmp_path, "film.mkv", Split())
    film.unlink()
    stages: list[tuple[Callable[..., Any], Any, Any]] = [
        (split, Split(), Scanned(film, row)),
        (score, Scoring(), SplitSource(film, row, clips)),
        (cut, Pack(), Kept(film, row, clips, tmp_path / "cut")),
    ]
    for work, settings, job in stages:
        with pytest.raises(StorageError, match=r"film\.mkv does not exist"):
            list(Pool(1)(work, settings, {"a": job}, Limits()))


def broken(settings: int, film: Named) -> int:
    if film.place.name == "odd.mp4":
        raise ZeroDivisionError("of frames by none")
    if film.place.name == "open.mp4":
        raise OSError(5, "Input/output error")
    if film.place.name == "whole run.mp4":
        raise SettingError("the list is missing: name another")
    return settings


@dataclass(frozen=True)
class Named:
    place: Path


def test_a_mistake_of_ours_is_no_bad_film_and_ends_the_run_after_the_others() -> None:
    jobs = {name[:2]: Named(Path(f"films/{name}.mp4")) for name in ("odd", "a", "b", "c", "d", "open")}
    found = Pool(1)(broken, 3, jobs, Limits())
    got = dict(islice(found, 4))
    assert got == dict.fromkeys("abcd", 3)
    with pytest.raises(UnforeseenError) as caught:
        next(found)
    said = str(caught.value)
    assert said.startswith("2 of 6 jobs met an error that no film should cause")
    assert "films/odd.mp4: ZeroDivisionError: of frames by none" in said
    assert "films/open.mp4: OSError: [Errno 5] Input/output error" in said
    assert "in broken" in said, "the traceback of the process that met it"


def test_a_mistake_of_the_user_ends_the_run_at_once() -> None:
    with pytest.raises(SettingError, match=r"^the list is missing: name another$"):
        list(Pool(1)(broken, 3, {"a": Named(Path("whole run.mp4"))}, Limits()))


def slow(settings: int, film: Named) -> str:
    time.sleep(1000 if film.place.name == "hangs.mp4" else settings)
    return "done"


@pytest.mark.skipif(sys.platform == "win32", reason="a large file without content takes room there")
def test_a_larger_film_may_take_longer(tmp_path: Path) -> None:
    for name, size in {"small": 10, "large": 3 * 2**30, "hangs": 2**31}.items():
        with (tmp_path / f"{name}.mp4").open("wb") as file:
            file.truncate(size)  # holds no blocks of the disk
    jobs = {name: Named(tmp_path / f"{name}.mp4") for name in ("small", "large", "hangs")}
    found = dict(Pool(3)(slow, 6, jobs, Limits(seconds=4)))
    assert found == {
        "small": Failure(reason=Reason.TIMEOUT, message="it took more than 4 s"),
        "large": "done",
        "hangs": Failure(reason=Reason.TIMEOUT, message="it took more than 8 s"),
    }


def test_a_film_of_many_clips_may_take_longer(tmp_path: Path) -> None:
    row = source("film.mp4")
    assert effort(SplitSource(tmp_path / "film.mp4", row, (clip(row, 0),) * 1250)) == 2.5
    assert effort(SplitSource(tmp_path / "film.mp4", row, (clip(row, 0),))) == 1
    assert effort("something else") == 1


def test_no_work_starts_no_process() -> None:
    assert list(Pool(2)(broken, 0, {}, Limits())) == []

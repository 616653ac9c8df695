"""Bad films go through the stages to the reason and the stage that belong to them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phonofilm.data.ingest.cutting import Kept, cut
from phonofilm.data.ingest.pool import Limits, Pool
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import Failure
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.score import Scoring, SplitSource, score
from phonofilm.data.ingest.split import Scanned, Split, split
from tests.media.films import numbered, stamped_film

SECOND = Split(seconds=Fraction(1))
Maker = Callable[[Path, Path], Path]


def fate(path: Path, folder: Path) -> tuple[str, Reason | None, str]:
    """The first stage that leaves the film out, and why; each works in a process of its own, as in earnest."""
    pool, limits = Pool(1), Limits(seconds=120)

    def told(work: Callable, settings: object, job: object) -> Any:
        ((_, result),) = pool(work, settings, {"film": job}, limits)
        return result

    (row,) = told(scan, Scan(silent=True), Film(path.parent, path.name))
    if row.reason is not None:
        return "scan", row.reason, row.message
    clips = told(split, SECOND, Scanned(path, row))
    if isinstance(clips, Failure):
        return "split", clips.reason, clips.message
    used = tuple(clip for clip in clips if clip.reason is None)
    for name, work, settings, job in (
        ("score", score, Scoring(measures=("level", "motion")), SplitSource(path, row, used)),
        ("cut", cut, Pack(), Kept(path, row, used, folder / "cut")),
    ):
        found = told(work, settings, job)
        if isinstance(found, Failure):
            return name, found.reason, found.message
        assert len(found) == len(used) > 0
    return "", None, ""


def given(name: str) -> Maker:
    return lambda clips, folder: Path(shutil.copy(clips / name, folder))


def cut_short(name: str) -> Maker:
    def make(clips: Path, folder: Path) -> Path:
        data = (clips / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) * 6 // 10])
        return folder / name

    return make


def overwritten(name: str) -> Maker:
    """A stretch of its bytes is noise: as long as the header is whole, only decoding tells."""

    def make(clips: Path, folder: Path) -> Path:
        data = bytearray((clips / name).read_bytes())
        begin = len(data) // 2
        data[begin : begin + 60_000] = np.random.default_rng(0).bytes(60_000)
        (folder / name).write_bytes(data)
        return folder / name

    return make


def doubled(clips: Path, folder: Path) -> Path:
    """Two pictures at 1 s."""
    times = [0, 200, 400, 600, 800, 1000, 1000, 1200, 1400, 1600, 1800]
    return stamped_film(folder / "doubled.mkv", pictures=zip(times, numbered(11), strict=True), rate=5)


def uneven(clips: Path, folder: Path) -> Path:
    times = np.cumsum([0, 30, 70, 200, 40, 160, 400, 100, 60, 240, 300, 100, 150, 250, 100, 40]).tolist()
    return stamped_film(folder / "uneven.mkv", pictures=zip(times, numbered(16), strict=True), rate=10)


@pytest.mark.parametrize(
    ("make", "stage", "reason", "words"),
    [
        (given("broken_no_moov.mp4"), "scan", Reason.UNREADABLE, "is not a film"),
        (cut_short("mdn_rabbit320_8s.mp4"), "split", Reason.DAMAGED, "cut short"),
        (cut_short("mdn_rabbit320_8s_vp8.webm"), "split", Reason.DAMAGED, "cut short"),
        (doubled, "split", Reason.BAD_TIMESTAMPS, "without a time of their own"),
        (overwritten("mdn_rabbit320_8s.mp4"), "score", Reason.DAMAGED, "is damaged"),
        (uneven, "", None, ""),
        (given("webm_no_duration.webm"), "", None, ""),
    ],
)
def test_a_bad_film_is_left_out_by_its_stage_for_its_reason(
    make: Maker, stage: str, reason: Reason | None, words: str, clips: Path, tmp_path: Path
) -> None:
    found = fate(make(clips, tmp_path), tmp_path)
    assert found[:2] == (stage, reason), found
    assert words in found[2]

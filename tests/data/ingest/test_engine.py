"""Parts, journals and interrupted runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from phonofilm.data.ingest.cutting import cutting
from phonofilm.data.ingest.engine import run
from phonofilm.data.ingest.measures import find
from phonofilm.data.ingest.measures.cuts import Cuts
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.recipe import Pack
from phonofilm.data.ingest.rows import Failure, Row
from phonofilm.data.ingest.scan import Scan, scanning
from phonofilm.data.ingest.score import Scoring, scoring
from phonofilm.data.ingest.split import Split, splitting
from phonofilm.data.ingest.stage import Parts, Shard, Stage
from phonofilm.errors import MediaError


class Twice(Row):
    """Settings."""

    factor: int = 2


class Number(Row):
    """A row."""

    value: int
    reason: Reason | None = None


def work(settings: Twice, job: int) -> list[Number]:
    if job == 7:
        raise MediaError("seven is damaged")
    reason = {8: Reason.UNREADABLE, 4: Reason.TOO_SHORT}.get(job)
    return [Number(value=settings.factor * job, reason=reason)] * (job % 3)


STAGE = Stage("double", 1, Number, work, Twice())
JOBS = {f"job{number}": number for number in range(11)}


class Here:
    """An engine in this process that counts what it was asked."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.stop_after = stop_after

    def __call__(
        self, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[str, Any | Failure]]:
        for name, job in jobs.items():
            if len(self.asked) == self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(name)
            try:
                yield name, work(settings, job)
            except MediaError as error:
                yield name, Failure(reason=Reason.DAMAGED, message=str(error))


def results(folder: Path, stage: Stage[Number] = STAGE) -> dict[str, Any]:
    parts = Parts(folder, stage)
    return {name: parts.result(name) for name in JOBS}


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    first, second = Here(stop_after=5), Here()
    with pytest.raises(KeyboardInterrupt):
        run(Parts(tmp_path, STAGE), JOBS, first, Limits())
    told = []
    run(Parts(tmp_path, STAGE), JOBS, second, Limits(), progress=lambda *done: told.append(done))
    assert first.asked + second.asked == list(JOBS)
    assert told == [(done, 11) for done in range(5, 12)]
    found = results(tmp_path)
    assert found["job7"] == Failure(reason=Reason.DAMAGED, message="seven is damaged")
    assert found["job5"] == [Number(value=10), Number(value=10)]
    assert found["job6"] == []


@pytest.mark.parametrize("harm", ["changed", "gone", "unknown", "torn"])
def test_parts_that_the_journal_does_not_vouch_for_are_made_again(tmp_path: Path, harm: str) -> None:
    run(Parts(tmp_path, STAGE), JOBS, Here(), Limits())
    parts = Parts(tmp_path, STAGE)
    part = parts.folder / "job10.jsonl"
    lines = parts.journal.read_bytes().splitlines(keepends=True)
    if harm == "changed":
        part.write_bytes(part.read_bytes().replace(b"20", b"21"))
    elif harm == "gone":
        part.unlink()
    elif harm == "unknown":
        parts.journal.write_bytes(b"".join(lines[:-1]))
    else:
        parts.journal.write_bytes(b"".join(lines)[:-9])
    again = Here()
    run(Parts(tmp_path, STAGE), JOBS, again, Limits())
    assert again.asked == ["job10"]
    assert results(tmp_path)["job10"] == [Number(value=20)]
    idle = Here()
    run(Parts(tmp_path, STAGE), JOBS, idle, Limits())
    assert idle.asked == []


def test_other_settings_versions_and_stages_above_meet_no_old_parts(tmp_path: Path) -> None:
    others = [
        Stage("double", 1, Number, work, Twice(factor=3)),
        Stage("double", 2, Number, work, Twice()),
        Stage("double", 1, Number, work, Twice(), above="other"),
        Stage("double", 1, Number, work, Twice(), uses={"loudness": 1, "motion": 2}),
        Stage("double", 1, Number, work, Twice(), uses={"loudness": 2, "motion": 1}),
        Stage("double", 1, Number, work, Twice(), libraries=("numpy",)),
    ]
    assert len({stage.key for stage in (STAGE, *others)}) == 7
    run(Parts(tmp_path, STAGE), JOBS, Here(), Limits())
    for stage in others:
        assert Parts(tmp_path, stage).missing(JOBS) == list(JOBS)


@pytest.mark.parametrize("library", ["av", "numpy", "cv2"])
def test_another_version_of_a_library_is_another_stage(monkeypatch, library: str) -> None:
    def keys() -> list[str]:
        scene, still = (splitting(Split(scenes=scenes), "").key for scenes in (True, False))
        return [scoring(Scoring(), "").key, cutting(Pack(), "").key, scene, still]

    before = keys()
    monkeypatch.setattr(f"{library}.__version__", "0.0.1")
    changed = [one != other for one, other in zip(before, keys(), strict=True)]
    assert changed == {"av": [True] * 4, "numpy": [True, True, True, False], "cv2": [True, False, True, False]}[library]


def test_another_ffmpeg_is_another_stage(monkeypatch) -> None:
    def keys() -> list[str]:
        return [scanning(Scan()).key, splitting(Split(), "").key, scoring(Scoring(), "").key, cutting(Pack(), "").key]

    before = keys()
    monkeypatch.setattr("av.ffmpeg_version_info", "0.0.1")
    assert all(one != other for one, other in zip(before, keys(), strict=True))


def test_cuts_that_are_found_otherwise_are_another_split_by_scenes_alone(monkeypatch) -> None:
    def keys() -> list[str]:
        return [splitting(Split(scenes=scenes), "").key for scenes in (True, False)]

    before = keys()
    monkeypatch.setattr(Cuts, "version", Cuts.version + 1)
    assert [one != other for one, other in zip(before, keys(), strict=True)] == [True, False]


def test_a_part_and_its_line_in_the_journal_reach_the_disk_in_this_order(tmp_path: Path, monkeypatch) -> None:
    parts = Parts(tmp_path, STAGE)
    parts.keep("before", [Number(value=1)])
    synced: list[tuple[int, int]] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    parts.keep("job", [Number(value=2)])
    part, journal = ((path.stat().st_ino, path.stat().st_size) for path in (parts.folder / "job.jsonl", parts.journal))
    assert synced[0] == part
    assert synced[-1] == journal
    assert os.name != "posix" or [inode for inode, _ in synced[1:-1]] == [parts.folder.stat().st_ino]


def test_a_measure_that_rises_as_another_falls_is_another_stage(monkeypatch) -> None:
    before = scoring(Scoring(), "").key
    for family, change in ((find("loudness"), 1), (find("motion"), -1)):
        monkeypatch.setattr(family, "version", family.version + change)
    assert scoring(Scoring(), "").key != before


def test_a_job_that_two_divisions_did_differently_is_whole(tmp_path: Path) -> None:
    """Journals have no order: the part that is there is that of one of them."""
    for share, value in ((Shard(0, 2), 5), (Shard(2, 3), 6), (Shard(1, 9), 7)):
        Parts(tmp_path, STAGE, share).keep("job", [Number(value=value)])
    assert Parts(tmp_path, STAGE).missing(["job"]) == []
    Parts(tmp_path, STAGE, Shard(0, 2)).keep("job", [Number(value=5)])
    assert Parts(tmp_path, STAGE).missing(["job"]) == []


def test_every_size_falls_to_one_share_and_no_share_is_much_larger_than_the_others() -> None:
    shares = [Shard(index, 3) for index in range(3)]
    taken = [sum(size in share for size in range(10**6, 10**6 + 3000)) for share in shares]
    assert sum(taken) == 3000
    assert max(taken) - min(taken) < 200
    assert all(sum(size in share for share in shares) == 1 for size in (0, 1, 2**40))
    assert 7 in Shard()


def test_films_that_failed_are_tried_again_only_if_asked(tmp_path: Path) -> None:
    run(Parts(tmp_path, STAGE), JOBS, Here(), Limits())
    again = Here()
    run(Parts(tmp_path, STAGE), JOBS, again, Limits(), retry=True)
    assert again.asked == ["job7", "job8"]


def test_films_that_are_bad_count_as_faults_and_those_that_are_unwanted_do_not() -> None:
    """What decides whether ``--max-bad`` counts a film and ``--retry-failed`` tries it again."""
    faults = "unreadable unsupported damaged bad_timestamps timeout memory crash"
    assert {reason.value for reason in Reason if reason.is_fault} == set(faults.split())


def test_a_part_that_is_missing_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="phonofilm prepare double"):
        Parts(tmp_path, STAGE).result("job1")

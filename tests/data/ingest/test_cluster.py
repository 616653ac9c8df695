"""Jobs on a Ray cluster of two nodes: bad ones cost themselves only, and lost nodes cost nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from phonofilm.data.ingest import cluster
from phonofilm.data.ingest.cluster import TRIES, Cluster
from phonofilm.data.ingest.joining import joined
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.errors import SettingError, UnforeseenError
from tests.clusters import Nodes, two_nodes
from tests.data.ingest.test_pool import EXPECTED, NARROW, outcomes
from tests.test_workers import gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")


@pytest.fixture(scope="module")
def joined_nodes() -> Iterator[Nodes]:
    with two_nodes() as nodes, joined(nodes.address):
        yield nodes


@pytest.fixture
def nodes(joined_nodes: Nodes) -> Nodes:
    """Both nodes, whatever the test before did to them."""
    joined_nodes.complete()
    return joined_nodes


@pytest.fixture
def engine(nodes: Nodes, tmp_path: Path) -> Cluster:
    """An engine for films and work in folders that are there."""
    (tmp_path / "films" / "rain").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    return Cluster(0, tmp_path / "films", tmp_path / "work")


def noted(folder: Path, job: str) -> str:
    """Note who works on the job, then do it: its first letter says how."""
    (folder / f"{job}-{os.getppid()}-{os.getpid()}").touch()
    if job.startswith("slow"):
        time.sleep(1.5)
    if job.startswith("long"):
        time.sleep(1000)
    if job.startswith("murder"):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    if job.startswith("wrong"):
        raise SettingError("the list is missing: name another")
    if job.startswith("odd"):
        raise ZeroDivisionError("of frames by none")
    return job.upper()


def notes(folder: Path, count: int) -> list[list[str]]:
    """What was noted, once there are so many: jobs with the numbers of worker and child."""
    end = time.monotonic() + 120
    while len(list(folder.iterdir())) < count and time.monotonic() < end:
        time.sleep(0.05)
    return [path.name.split("-") for path in folder.iterdir()]


def test_a_bad_film_costs_itself_only(engine: Cluster) -> None:
    assert outcomes(engine, NARROW) == EXPECTED
    assert list(engine.work.iterdir()) == []


def test_the_jobs_of_a_lost_node_are_done_by_the_other(nodes: Nodes, engine: Cluster, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    jobs = {name: name for name in ("slow0", "slow1", "slow2", "slow3", "slow4")}
    found = engine(noted, tmp_path / "notes", jobs, Limits())
    results = dict([next(found)])
    assert len({worker for _, worker, _ in notes(tmp_path / "notes", 3)}) == 2
    nodes.lose()
    results.update(found)
    assert results == {name: name.upper() for name in jobs}
    begun = Counter(job for job, *_ in notes(tmp_path / "notes", 6))
    assert sum(begun.values()) == len(jobs) + 1


def test_a_film_that_workers_are_lost_with_fails_after_some(engine: Cluster, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    found = dict(engine(noted, tmp_path / "notes", {"murder": "murder", "a": "a", "b": "b"}, Limits()))
    failed = found.pop("murder")
    assert isinstance(failed, Failure)
    assert failed.reason is Reason.CRASH
    assert f"{TRIES} workers" in failed.message
    assert found == {"a": "A", "b": "B"}
    assert Counter(job for job, *_ in notes(tmp_path / "notes", 5)) == {"murder": TRIES, "a": 1, "b": 1}


def test_who_leaves_early_leaves_no_process(engine: Cluster, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    found = engine(noted, tmp_path / "notes", {name: name for name in ("a", "long0", "long1", "long2")}, Limits())
    assert next(found) == ("a", "A")
    pids = [int(pid) for _, *pair in notes(tmp_path / "notes", 3) for pid in pair]
    found.close()
    assert gone(pids)
    assert not list(engine.work.iterdir())


def test_a_mistake_of_the_user_ends_the_run_at_once(engine: Cluster, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(SettingError, match=r"^the list is missing: name another$"):
        list(engine(noted, tmp_path / "notes", {"wrong": "wrong"}, Limits()))


def test_a_mistake_of_ours_is_no_bad_film_and_ends_the_run_after_the_others(engine: Cluster, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    found = engine(noted, tmp_path / "notes", {name: name for name in ("odd", "a", "b", "c")}, Limits())
    assert dict(islice(found, 3)) == {"a": "A", "b": "B", "c": "C"}
    with pytest.raises(UnforeseenError, match=r"(?s)odd: ZeroDivisionError: of frames by none.*in noted"):
        next(found)


@pytest.mark.parametrize("hidden", ["films", "work"])
def test_a_machine_that_does_not_see_a_folder_is_named(engine: Cluster, tmp_path: Path, hidden: str) -> None:
    folder = os.open(tmp_path / hidden, os.O_RDONLY)
    own = fcntl.fcntl(folder, fcntl.F_DUPFD_CLOEXEC, 700)  # a path that leads there for this process alone
    places = {"films": engine.films, "work": engine.work, hidden: Path(f"/proc/self/fd/{own}")}
    try:
        with pytest.raises(
            SettingError, match=f"{socket.gethostname()} of the Ray cluster does not see {places[hidden]}:"
        ):
            list(Cluster(1, **places)(noted, tmp_path, {"a": "a"}, Limits()))
    finally:
        os.close(folder)
        os.close(own)


def test_a_machine_with_other_software_is_named(engine: Cluster, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "SOFTWARE", "phonofilm 0.0.1 with FFmpeg 1")
    with pytest.raises(SettingError, match=r"this machine phonofilm 0\.0\.1 with FFmpeg 1: install the same"):
        list(engine(noted, tmp_path, {"a": "a"}, Limits()))


class Unborn:
    def __init__(self, *_: object) -> None:
        raise ModuleNotFoundError("No module named 'phonofilm'")

    def look(self, landmarks: object) -> None: ...

    def run(self, *_: object) -> None: ...


def test_workers_that_cannot_begin_are_not_hired_forever(engine: Cluster, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "Worker", Unborn)
    with pytest.raises(SettingError, match=r"No module named 'phonofilm'.*installed"):
        list(engine(noted, tmp_path, {"a": "a"}, Limits()))


def test_a_cluster_without_a_free_cpu_is_not_waited_for_forever(engine: Cluster, tmp_path: Path) -> None:
    import ray

    holders = [ray.remote(num_cpus=1)(Counter).remote() for _ in range(2)]
    ray.get([holder.total.remote() for holder in holders])
    try:
        with pytest.raises(SettingError, match="no free CPU for 1 s"):
            list(Cluster(1, engine.films, engine.work, patience=1)(noted, tmp_path, {"a": "a"}, Limits()))
    finally:
        for holder in holders:
            ray.kill(holder)


def test_no_work_hires_nobody(tmp_path: Path) -> None:
    assert list(Cluster(2, tmp_path, tmp_path)(noted, tmp_path, {}, Limits())) == []


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_does_not_answer_is_said_at_once(scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(SettingError, match=f"no Ray cluster answers at {address}"), joined(address):
            pass
    assert time.monotonic() - began < 60  # of which the import of Ray


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(SettingError, match="HOST:PORT"), joined("head"):
        pass


def test_a_missing_ray_is_said_with_the_fix(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingError, match=r'pip install "phonofilm\[ray\]"'), joined("auto"):
        pass

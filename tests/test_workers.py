"""Helping processes: they work, and they are gone when the block or the process that wanted them is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from phonofilm.errors import SettingError
from phonofilm.workers import helpers, interrupts_later, may_thread

LONG = 600.0


def prepared(folder: Path) -> None:
    """Leave this process's number in the folder."""
    (folder / str(os.getpid())).touch()


def runs(pid: int) -> bool:
    """Whether a process is there and not only waiting to be forgotten."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def gone(pids: list[int], within: float = 60.0) -> bool:
    end = time.monotonic() + within
    while any(map(runs, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(runs, pids))


def numbers(folder: Path, count: int) -> list[int]:
    """The numbers of the helpers, once all have left theirs."""
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < count and time.monotonic() < end:
        time.sleep(0.05)
    found = [int(path.name) for path in folder.iterdir()]
    assert len(found) == count
    return found


def test_they_work_and_leave(tmp_path: Path) -> None:
    with helpers(2, prepared, tmp_path) as pool:
        assert list(pool.map(abs, range(-5, 0)).result()) == [5, 4, 3, 2, 1]
    assert gone([int(path.name) for path in tmp_path.iterdir()])


def threads() -> dict[str, int]:
    import cv2
    import numpy as np
    import scipy.linalg
    import torch
    from threadpoolctl import threadpool_info

    scipy.linalg.lu_factor(np.eye(3))
    pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    return {**pools, "cv2": cv2.getNumThreads(), "torch": torch.get_num_threads()}


def test_each_computes_in_one_thread() -> None:
    with helpers(1) as pool:
        found = pool.schedule(threads).result()
    assert len(found) >= 4 and set(found.values()) == {1}, found


def test_a_block_that_fails_does_not_wait_for_their_work(tmp_path: Path) -> None:
    def interrupted() -> None:
        with helpers(2, prepared, tmp_path) as pool:
            for _ in range(2):
                pool.schedule(time.sleep, (LONG,))
            pids.extend(numbers(tmp_path, 2))
            raise KeyboardInterrupt

    pids: list[int] = []
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < LONG / 2
    assert gone(pids)


def test_a_block_that_fails_does_not_wait_for_what_they_hand_over(tmp_path: Path) -> None:
    def interrupted() -> None:
        with helpers(2, prepared, tmp_path) as pool:
            jobs = [pool.schedule(bytes, (60_000_000,)) for _ in range(6)]  # much more than a pipe holds
            jobs[0].result()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone([int(path.name) for path in tmp_path.iterdir()])


def test_a_helper_ended_from_outside_is_said(tmp_path: Path) -> None:
    def starved() -> None:
        with helpers(1, prepared, tmp_path) as pool:
            work = pool.schedule(time.sleep, (LONG,))
            os.kill(numbers(tmp_path, 1)[0], signal.SIGKILL)
            work.result()

    with pytest.raises(SettingError, match="fewer workers"):
        starved()


PARENT = """
import sys, time
from pathlib import Path
from phonofilm.workers import helpers, may_thread
from tests.test_workers import LONG, prepared

if __name__ == "__main__":
    with helpers(2, prepared, Path(sys.argv[1])) as pool:
        jobs = [pool.schedule(time.sleep, (LONG,)) for _ in range(2)]
        jobs[0].result()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not list processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_they_do_not_outlive_the_process_that_wanted_them(tmp_path: Path, end: signal.Signals) -> None:
    script, folder = tmp_path / "parent.py", tmp_path / "numbers"
    script.write_text(PARENT)
    folder.mkdir()
    root = Path(__file__).parents[1]
    parent = subprocess.Popen(
        [sys.executable, script, folder], env={**os.environ, "PYTHONPATH": str(root)}, stderr=subprocess.DEVNULL
    )
    try:
        pids = numbers(folder, 2)
        parent.send_signal(end)
        assert parent.wait(60) != 0
        assert gone(pids)
    finally:
        parent.kill()


def _may_thread(_: object) -> bool:
    return may_thread()


def test_helpers_compute_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert may_thread()
    with helpers(1) as pool:
        assert not pool.schedule(_may_thread, args=(None,)).result()


def _hears_interrupts(_: object) -> bool:
    return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_helpers_never_hear_of_ctrl_c_not_even_while_they_begin() -> None:
    assert _hears_interrupts(None)
    with helpers(1) as pool:
        assert _hears_interrupts(None)
        assert not pool.schedule(_hears_interrupts, args=(None,)).result()


FRESH = """
import signal
from phonofilm.workers import helpers
from tests.test_workers import _hears_interrupts

if __name__ == "__main__":
    with helpers(1) as pool:
        print(_hears_interrupts(None), pool.schedule(_hears_interrupts, args=(None,)).result())
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_the_first_helpers_of_a_process_never_hear_of_it_either(tmp_path: Path) -> None:
    """What starts with the first one, the tracker of shared resources, has the signal unblocked."""
    script = tmp_path / "fresh.py"
    script.write_text(FRESH)
    told = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    said = subprocess.run([sys.executable, script], env=told, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False"]


def test_an_interrupt_is_heard_at_the_end_of_what_must_not_be_interrupted() -> None:
    reached = []

    def interrupted() -> None:
        with interrupts_later():
            signal.raise_signal(signal.SIGINT)
            reached.append("end")
        reached.append("beyond")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["end"]
    with interrupts_later():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

"""Two runs never work on the same films of a work folder."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from filelock import FileLock

from phonofilm.data.ingest.locking import at_work
from phonofilm.data.ingest.stage import Shard
from phonofilm.errors import SettingError

HOLDER = """
import sys, time
from pathlib import Path
from phonofilm.data.ingest.locking import at_work
from phonofilm.data.ingest.stage import Shard
with at_work(Path(sys.argv[1]), Shard(1, 3)):
    print("held", flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("share", [Shard(), Shard(1, 3), Shard(0, 2)])
def test_a_run_that_may_have_films_in_common_with_another_is_refused(tmp_path: Path, share: Shard) -> None:
    refused = pytest.raises(SettingError, match=f"another run is at work in {tmp_path}")
    with at_work(tmp_path, Shard(1, 3)), refused, at_work(tmp_path, share):
        pass
    with at_work(tmp_path, share):
        pass


def test_shares_of_one_division_run_side_by_side_and_none_beside_all(tmp_path: Path) -> None:
    with ExitStack() as runs:
        for index in range(3):
            runs.enter_context(at_work(tmp_path, Shard(index, 3)))
        with pytest.raises(SettingError), at_work(tmp_path, Shard()):
            pass
    with at_work(tmp_path, Shard()), pytest.raises(SettingError), at_work(tmp_path, Shard(2, 3)):
        pass
    with at_work(tmp_path / "one", Shard()), at_work(tmp_path / "two", Shard()):
        pass


def test_a_run_does_not_take_another_that_looks_for_the_same_for_one_at_work(tmp_path: Path) -> None:
    """Jobs of an array that begin together all try the lock that an earlier run without shares left."""
    with at_work(tmp_path, Shard()):
        pass
    (left,) = tmp_path.glob(".lock-*")
    looking = FileLock(left, thread_local=False)
    looking.acquire()

    def look() -> None:
        sleep(0.2)
        looking.release()

    thread = Thread(target=look)
    thread.start()
    with at_work(tmp_path, Shard(0, 3)), at_work(tmp_path, Shard(1, 3)):
        pass
    thread.join()
    with looking, pytest.raises(SettingError, match="another run is at work"), at_work(tmp_path, Shard(0, 3)):
        pass


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SettingError), at_work(tmp_path, Shard(1, 3)):
            pass
        holder.kill()
    for share in (Shard(1, 3), Shard()):
        with at_work(tmp_path, share):
            pass

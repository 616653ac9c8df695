"""Commands of Phonofilm in processes that are killed, what they leave, and a bench that goes on where it stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonofilm.media.atomic import write_atomically
from phonofilm.media.digest import file_sha256

STAGES = ("scan", "split", "score", "caption", "cut")


class OutOfTimeError(Exception):
    """There is no time left for now."""


@dataclass(frozen=True)
class Clock:
    """How long this piece of the bench may take.

    Attributes:
        end: of it, as ``time.monotonic`` tells it.
    """

    end: float

    def left(self, needed: float = 0.0) -> float:
        """Seconds that are left.

        Raises:
            OutOfTimeError: if they are none, or fewer than are needed.
        """
        left = self.end - time.monotonic()
        if left <= max(needed, 0):
            raise OutOfTimeError
        return left


class Notes:
    """What the pieces of a bench have found, in a JSON file.

    Args:
        path: of the file.
        settings: of the bench; they may not change while it goes on.

    Raises:
        SystemExit: if the file is of a bench with other settings.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.found: dict[str, Any] = {"settings": settings}
        if path.exists():
            self.found = json.loads(path.read_bytes())
        if self.found["settings"] != settings:
            sys.exit(f"{path.parent} belongs to a bench with {self.found['settings']}: choose another --folder")

    def keep(self, name: str, value: Any) -> Any:
        """Note something, for good."""
        self.found[name] = value
        write_atomically(self.path, json.dumps(self.found, indent=1).encode(), force=True)
        return value

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What was noted under a name, or is found and noted now."""
        return self.found[name] if name in self.found else self.keep(name, make())


def ended(arguments: Sequence[object], log: Path, seconds: float) -> int | None:
    """Run ``phonofilm`` in a group of processes of its own.

    Args:
        arguments: of the command.
        log: gets what it says.
        seconds: after which the whole group is killed with -9.

    Returns:
        The exit status; ``None`` if it was killed.
    """
    command = [sys.executable, "-m", "phonofilm", *map(str, arguments)]
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def done(arguments: Sequence[object], log: Path, clock: Clock) -> float:
    """Run ``phonofilm`` to its end.

    Returns:
        Wall seconds.

    Raises:
        OutOfTimeError: if there was not enough time; the command was killed.
        SystemExit: if it fails.
    """
    start = time.perf_counter()
    status = ended(arguments, log, clock.left())
    if status is None:
        raise OutOfTimeError
    if status:
        sys.exit(f"phonofilm {' '.join(map(str, arguments))} ended with status {status}: see {log}")
    return time.perf_counter() - start


def moment(seed: int, number: int, longest: float) -> float:
    """When a run is killed, in seconds after its start: the same for the same numbers."""
    return random.Random(f"{seed} {number}").uniform(0, longest)


def doing(work: Path, packed: Path) -> str:
    """What a run that was killed was at."""
    if packed.exists():
        return "pack or report"
    begun = [stage for stage in STAGES if any(work.glob(f"{stage}-*"))]
    return begun[-1] if begun else "start"


def contents(folders: Iterable[Path]) -> dict[str, str]:
    """Digest of every file that a preparation left.

    Journals are left out, since they tell the order in which films ended, which is free; and so is what
    :func:`unfinished` finds.
    """
    files = ((index, folder, path) for index, folder in enumerate(folders) for path in folder.rglob("*"))
    return {
        f"{index}/{path.relative_to(folder).as_posix()}": file_sha256(path)
        for index, folder, path in files
        if path.is_file() and not path.name.startswith("journal-") and not _is_unfinished(path)
    }


def unfinished(folders: Iterable[Path]) -> list[str]:
    """Names of the files that a run had begun to write when it was killed, and that no later one took away."""
    return sorted(path.name for folder in folders for path in folder.rglob("*") if _is_unfinished(path))


def _is_unfinished(path: Path) -> bool:
    return path.name.startswith(".") and path.suffix == ".part"


def differing(ones: dict[str, str], others: dict[str, str]) -> list[str]:
    """Names of the files that are not in both, or not the same."""
    return sorted(name for name in ones.keys() | others.keys() if ones.get(name) != others.get(name))

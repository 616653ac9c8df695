"""Where a run's numbers go: TensorBoard, one JSON line a record, and a progress bar with time left.

One process draws bars; those that work beside each other in a terminal print lines instead.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import parent_process
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)

from phonofilm.media.atomic import make_folder
from phonofilm.pair import AV
from phonofilm.training import checkpoint
from phonofilm.training.alarms import MODALITIES

EVERY = 30.0
"""Seconds between lines where there is no bar."""

ItemT = TypeVar("ItemT")


class RunLog:
    """Log of one run; a context manager. It says where the run continues, and where it was stopped by Ctrl-C.

    Args:
        folder: of the run; gets ``tensorboard/`` and ``log.jsonl``.
        steps: of the whole run.
        first: step to begin at, after a resume.
        quiet: says nothing; otherwise there is a bar, or a line every 30 s where none can be.
        name: of what learns.
    """

    def __init__(self, folder: Path, steps: int, first: int, quiet: bool = False, name: str = "training") -> None:
        self.folder, self.steps, self.first, self.name = folder, steps, first, name
        self.console = Console(stderr=True, quiet=quiet)
        self.bar = Progress(
            TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"), TimeElapsedColumn(), TextColumn("gone"), TimeRemainingColumn(),
            TextColumn("left"), console=self.console, disable=quiet or not _bars(),
        )  # fmt: skip
        self.last_line = time.monotonic()

    def __enter__(self) -> RunLog:
        from torch.utils.tensorboard.writer import SummaryWriter

        make_folder(self.folder)
        self.board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.first)
        self.lines = (self.folder / "log.jsonl").open("a", buffering=1, encoding="utf-8")
        if self.first:
            self.say(f"{self.name}: continuing at step {self.first} of {self.steps}")
        self.bar.start()
        self.task = self.bar.add_task(self.name, total=self.steps, completed=self.first, state="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.live.transient = kind is not None  # below the reason why it ended, half a bar would mislead
        self.bar.stop()
        if kind is KeyboardInterrupt:
            self.say(f"{self.name}: {checkpoint.standing(self.folder / checkpoint.FOLDER)}")
        self.board.close()
        self.lines.close()

    def step(self, step: int, numbers: Mapping[str, AV[Any]], clips_per_second: float, rate: float) -> None:
        """Record one step's per-modality numbers."""
        flat: dict[str, Any] = {"clips_per_second": clips_per_second, "learning_rate": rate}
        for name, pair in numbers.items():
            for modality, value in zip(MODALITIES, pair, strict=True):
                if value is not None:
                    flat[f"{name}/{modality}"] = value
        for name, value in flat.items():
            self.board.add_scalar(name, value, step)
        self.lines.write(json.dumps({"step": step, **{name: round(value, 6) for name, value in flat.items()}}) + "\n")
        left = (self.steps - step) * (time.monotonic() - self.began) / max(1, step - self.began_at)
        state = "  ".join(f"{name} {value:.4g}" for name, value in flat.items() if name.startswith("loss"))
        state += f"  {pace(clips_per_second)}"
        self.bar.update(self.task, completed=step, state=state)
        if self.bar.disable and time.monotonic() - self.last_line > EVERY:
            self.last_line = time.monotonic()
            self.console.print(
                f"{self.name}: step {step}/{self.steps}  {state}  {left / 60:.0f} min left", highlight=False
            )

    def start(self, step: int) -> None:
        """Start the clock that time left is reckoned from."""
        self.began, self.began_at = time.monotonic(), step

    def say(self, text: str) -> None:
        """A line for the person who watches, kept in the log."""
        self.console.print(text, highlight=False)
        self.lines.write(json.dumps({"note": text}) + "\n")


def watched(items: Sequence[ItemT], what: str, quiet: bool) -> Iterator[ItemT]:
    """The items one by one, while it is told how many are through: by a bar, or a line at once and every 30 s."""
    console = Console(stderr=True, quiet=quiet)
    if _bars():
        yield from track(items, what, console=console, transient=True, disable=quiet)
        return
    due = time.monotonic()
    for number, item in enumerate(items):
        if time.monotonic() >= due:
            console.print(f"{what}: {number}/{len(items)}", highlight=False)
            due = time.monotonic() + EVERY
        yield item


def say(text: str, quiet: bool) -> None:
    """A line for the person who watches."""
    Console(stderr=True, quiet=quiet).print(text, highlight=False)


def pace(clips_per_second: float) -> str:
    """A speed in three digits, as clips a second or, below one, as seconds a clip."""
    if clips_per_second < 1:
        return f"{1 / clips_per_second:.3g} s/clip"
    return f"{clips_per_second:.3g} clips/s"


def _bars() -> bool:
    """Whether this process may draw: on a terminal that it shares with no other."""
    return sys.stderr.isatty() and parent_process() is None

"""Where a run's numbers go: TensorBoard, one JSON line a record, and a progress bar with time left."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from phonofilm.media.atomic import make_folder
from phonofilm.pair import AV
from phonofilm.training.alarms import MODALITIES


class RunLog:
    """Log of one run; a context manager.

    Args:
        folder: gets ``tensorboard/`` and ``log.jsonl``.
        steps: of the whole run.
        first: step to begin at, after a resume.
        quiet: no progress bar (also when standard error is no terminal; then a line every 30 s is printed).
    """

    def __init__(self, folder: Path, steps: int, first: int, quiet: bool = False) -> None:
        self.folder, self.steps, self.first = folder, steps, first
        self.console = Console(stderr=True, quiet=quiet)
        self.bar = Progress(
            TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[state]}"), console=self.console,
            disable=quiet or not sys.stderr.isatty(),
        )  # fmt: skip
        self.last_line = time.monotonic()

    def __enter__(self) -> RunLog:
        from torch.utils.tensorboard.writer import SummaryWriter

        make_folder(self.folder)
        self.board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.first)
        self.lines = (self.folder / "log.jsonl").open("a", buffering=1, encoding="utf-8")
        self.bar.start()
        self.task = self.bar.add_task("training", total=self.steps, completed=self.first, state="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()
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
        state += f"  {clips_per_second:.1f} clips/s"
        self.bar.update(self.task, completed=step, state=state)
        if self.bar.disable and time.monotonic() - self.last_line > 30:
            self.last_line = time.monotonic()
            self.console.print(f"step {step}/{self.steps}  {state}  {left / 60:.0f} min left", highlight=False)

    def start(self, step: int) -> None:
        """Start the clock that time left is reckoned from."""
        self.began, self.began_at = time.monotonic(), step

    def say(self, text: str) -> None:
        """A line for the person who watches, kept in the log."""
        self.console.print(text, highlight=False)
        self.lines.write(json.dumps({"note": text}) + "\n")

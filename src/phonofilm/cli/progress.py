"""Progress of long work on stderr, with rate and time left: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

Report = Callable[[int, int], None]
"""Called with the amount done so far and the total."""


EVERY = 30.0
"""Seconds between lines where there is no terminal."""


@contextmanager
def progress(what: str, unit: str) -> Iterator[Report]:
    """A bar, or lines in a log, that the block moves by calling the reporter it is given.

    Args:
        what: shown before the bar, such as ``"generating"``.
        unit: what is counted, such as ``"steps"``.
    """
    if not sys.stderr.isatty():
        yield _lines(what, unit)
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("gone"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
    ) as bars:
        task = bars.add_task(what, total=None, count="", rate="", left="")

        def report(done: int, total: int) -> None:
            speed = bars.tasks[task].speed
            rate = f"{speed:.3g} {unit}/s" if speed else ""
            bars.update(task, completed=done, total=total, count=f"{done}/{total}", rate=rate, left="left")

        try:
            yield report
        except BaseException:
            bars.live.transient = True  # below the reason why it ended, half a bar would mislead
            raise


def _lines(what: str, unit: str) -> Report:
    """A reporter for logs: a line every :data:`EVERY` seconds.

    Rate and time left are reckoned from the first report on, which may count what a former run did.
    """
    said = time.monotonic()
    first: tuple[float, int] | None = None

    def report(done: int, total: int) -> None:
        nonlocal said, first
        now = time.monotonic()
        began, before = first = first or (now, done)
        if now - said < EVERY:
            return
        said = now
        rate = (done - before) / (now - began) if now > began else 0.0
        pace = f", {rate:.3g} {unit}/s, {(total - done) / rate / 60:.0f} min left" if rate else ""
        typer.echo(f"{what}: {done}/{total} {unit}{pace}", err=True)

    return report

"""A program at work: what it writes, piece by piece, and what it says meanwhile, however much that is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType


class Work:
    """A program that is started here and ends with the block.

    Args:
        command: the program and its arguments.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.status = 0
        """That it ended with, once all its pieces were taken."""

    def __enter__(self) -> Work:
        """Start it. It says things into a file, so that it never waits for them to be read."""
        with ExitStack() as stack:
            path = Path(stack.enter_context(TemporaryDirectory())) / "said"
            said = stack.enter_context(path.open("wb"))
            self._said = stack.enter_context(path.open("rb"))
            self._process = stack.enter_context(subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=said))
            stack.callback(self._process.kill)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, where it did not end by itself."""
        self._open.__exit__(kind, error, trace)

    def pieces(self, size: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """What it writes, and the whole lines that it has said since; an empty piece, with the rest of them, at last.

        Args:
            size: bytes of each piece; the last one with anything in it may be shorter.
        """
        assert self._process.stdout is not None
        torn = b""
        while piece := self._process.stdout.read(size):
            *lines, torn = (torn + self._said.read()).split(b"\n")
            yield piece, lines
        self.status = self._process.wait()
        yield b"", (torn + self._said.read()).split(b"\n")

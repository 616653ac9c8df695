"""How every script here hands over its numbers: JSON on stdout, and with ``--write`` a section of a Markdown file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.sections import write_section
from phonofilm.plots.tables import markdown_table


def add_write(parser: argparse.ArgumentParser) -> None:
    """Add ``--write FILE.md``."""
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="also replace this script's section of the file")


def publish(name: str, title: str, note: str, result: Mapping[str, Any], write: Path | None) -> None:
    """Print the result, and write its section if that is wanted.

    Args:
        name: of the section, unique in the file.
        title: its heading.
        note: what was measured and how, in a sentence or two.
        result: nested plain values; a dictionary with ``value`` is one number, with its interval if it has an
            ``interval`` or ``low`` and ``high``.
        write: from ``--write``.
    """
    print(json.dumps(result, indent=1))
    if write is not None:
        table = markdown_table(["", "value"], [[words, shown] for words, shown in lines(result)])
        body = f"## {title}\n\n```\n{command()}\n```\n\n{note} {machine()}\n\n{table}"
        write_section(write, name, body)


def lines(result: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every number or word of a result with the way to it, in order; the command is left out."""
    for name, value in result.items():
        words = (*above, name.replace("_", " "))
        if name == "command":
            continue
        if isinstance(value, Mapping) and "value" not in value:
            yield from lines(value, words)
        else:
            yield ": ".join(words), plain(value)


def plain(value: Any) -> str:
    """A number with four digits, an estimate with its interval, anything else as it is."""
    if isinstance(value, Mapping):
        low, high = value.get("interval") or (value.get("low"), value.get("high"))
        return plain(value["value"]) + ("" if low is None else f" ({plain(low)} to {plain(high)})")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def command() -> str:
    """The command as it was typed."""
    return shlex.join(["python", *sys.argv])


def machine() -> str:
    """What the numbers depend on beside the code."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({platform.machine()}), Python {platform.python_version()}, torch {version('torch')}, "
        f"Phonofilm {version('phonofilm')}."
    )

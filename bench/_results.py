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
from phonofilm.plots.tables import Row, markdown_table


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
        below = "\n\n".join(markdown_table(head, rows) for head, rows in tables(result))
        body = f"## {title}\n\n```\n{command()}\n```\n\n{note} {machine()}\n\n{below}"
        write_section(write, name, body)


def tables(result: Mapping[str, Any]) -> Iterator[tuple[Row, list[Row]]]:
    """Head and rows of each table that shows a result: one of single numbers, then one for what stands side by side."""
    single: list[Row] = []
    wide = list(_side_by_side(result, (), single))
    if single:
        yield ("", "value"), single
    yield from wide


def _side_by_side(
    part: Mapping[str, Any], above: tuple[str, ...], single: list[Row]
) -> Iterator[tuple[Row, list[Row]]]:
    """Tables of what was measured alike; everything else goes to the ``single`` numbers."""
    groups: list[dict[str, dict[str, str]]] = []
    for name, value in part.items():
        if _is_number(value):
            continue
        rows = dict(lines(value))
        for group in groups:
            if all(_alike(rows, other) for other in group.values()):
                group[name] = rows
                break
        else:
            groups.append({name: rows})
    together = {name: group for group in groups for name in group if len(group) > 1}
    for name, value in part.items():
        if name in together:
            if name == next(iter(together[name])):
                yield _table(": ".join(above), together[name])
        elif _is_number(value):
            single += lines({name: value}, above)
        else:
            yield from _side_by_side(value, (*above, _words(name)), single)


def _alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Two numbers or more, and more than half of those of the shorter one, have the same names in both."""
    shared = len(one.keys() & other.keys())
    return shared > max(1, min(len(one), len(other)) / 2)


def _table(corner: str, group: Mapping[str, Mapping[str, str]]) -> tuple[Row, list[Row]]:
    """What stands side by side as columns, or as rows if there are more of it than numbers of each."""
    names = list(dict.fromkeys(name for numbers in group.values() for name in numbers))
    across: list[Row] = [(_words(one), *(numbers.get(name, "") for name in names)) for one, numbers in group.items()]
    if len(group) > len(names):
        return (corner, *names), across
    rows: list[Row] = [*zip(names, *(numbers[1:] for numbers in across), strict=True)]
    return (corner, *map(_words, group)), rows


def lines(result: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every number or word of a result with the way to it, in order; the command is left out."""
    for name, value in result.items():
        words = (*above, _words(name))
        if name == "command":
            continue
        if _is_number(value):
            yield ": ".join(words), plain(value)
        else:
            yield from lines(value, words)


def _is_number(value: Any) -> bool:
    """Or a word, an estimate, a list of them: what one cell shows."""
    return not isinstance(value, Mapping) or "value" in value


def _words(name: str) -> str:
    """What Python calls ``like_this`` in words; names of files stay."""
    return name.replace("_", " ") if name.isidentifier() else name


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

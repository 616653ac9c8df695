"""Scores and comparisons as tables in the terminal, metrics as a list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from phonofilm.metrics import Metric, Published, Report, Score

WIDTH = 92
"""Characters a line of running text."""
WIDE = 110
"""Characters a line that hold all columns of a table of scores."""


def show(table: Callable[[int], Table]) -> None:
    """Print the table that is made for so many characters a line."""
    from rich.console import Console

    console = Console(width=None if typer.get_text_stream("stdout").isatty() else 160)
    console.print(table(console.width))


def catalogue(wanted: Sequence[str] | None = None) -> str:
    """Every metric: what it is, what it gives, where it comes from with that code's licence, and what must be given.

    Plain lines, as the weights of others below them, so that addresses stay whole however narrow the terminal is.

    Args:
        wanted: only these metrics, each with the whole of its text: its traps, and what its numbers mean.

    Raises:
        SettingError: for an unknown metric.
    """
    from phonofilm.metrics import kind, names
    from phonofilm.metrics._find import kinds

    every = [kind(name) for name in names()] if wanted is None else list(kinds(wanted).values())
    weights = {one.name: one for metric in every for one in metric.weights}
    said = [_weights(one) for _, one in sorted(weights.items())]
    return "\n\n".join(
        [
            *(_metric(one, whole=wanted is not None) for one in every),
            *(["Weights of others, for --weights NAME=PATH:", *said] if said else []),
        ]
    )


def _metric(one: type[Metric[Any]], *, whole: bool) -> str:
    code = [f"code: {one.source.code} (licence: {one.source.licence})"] if one.source.code else []
    needed = [f"needs: {', '.join(needs(one))}"] if needs(one) else []
    said = text(one).strip().splitlines() if whole else wrap(summary(one), WIDTH)
    scores = f"scores: {', '.join(one.gives)}" if one.gives else ""
    gives = wrap(scores, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    lines = [*said, *gives, f"source: {one.source.paper}", *code, *needed]
    return "\n".join([f"{one.name}@{one.version}", *(f"    {line}".rstrip() for line in lines)])


def _weights(one: Published) -> str:
    return f"{one.name}: {one.what}\n    from {one.home}\n    licence: {one.terms}"


def summary(kind: type[Metric[Any]]) -> str:
    """The first paragraph of a metric's text."""
    return " ".join(text(kind).split("\n\n")[0].split())


def text(kind: type[Metric[Any]]) -> str:
    """What the module of a metric says of it."""
    return sys.modules[kind.__module__].__doc__ or ""


def needs(kind: type[Metric[Any]]) -> list[str]:
    """The options that a metric cannot do without."""
    reference = ["--reference, with the same file names" if kind.needs_pairs else "--reference"]
    return [
        *(f"--weights {one.name}" for one in kind.weights),
        *(["--codec"] if kind.needs_codec else []),
        *(reference if kind.needs_reference else []),
    ]


def as_rich(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """A table of words for so many characters a line; on few, what is said of a name goes below it, and none is cut."""
    from rich.markup import escape
    from rich.table import Column, Table

    first, *others = map(escape, head)
    made = Table(Column(first, no_wrap=True), *others)
    for name, *rest in rows:
        made.add_row(*map(escape, [name if width >= WIDE else name.replace(", ", "\n"), *rest]))
    return made


def table(report: Report, width: int) -> Table:
    """One row a score that has a value; for the others see :func:`below`.

    Args:
        report: scores.
        width: characters a line; on few, some columns are left to the report's file.
    """
    against = report.references
    head = ["score", "value", "95 %", "chance", "reference", "n", "better", "left out", "reference n"]
    rows = [
        [
            one.name,
            *_numbers(one),
            str(one.n),
            one.better.value,
            str(one.excluded or ""),
            str(against[one.definition].clips if one.definition in against else ""),
        ]
        for one in report.scores
        if one.value is not None
    ]
    shown = len(head) if width >= WIDE else head.index("better")
    return as_rich(head[:shown], [row[:shown] for row in rows], width)


def licences(report: Report) -> list[str]:
    """The licences of the weights that scores were made with."""
    from phonofilm.metrics import kind

    used = {one.name: one.terms for name in report.counted for one in kind(name.partition("@")[0]).weights}
    return [f"weights {name}: {terms}" for name, terms in used.items()]


def below(report: Report) -> list[str]:
    """What the table does not show, in words: see :mod:`phonofilm.plots.remarks`."""
    from phonofilm.plots.remarks import remarks, told

    return [*(f"skipped: {told(*one)}" for one in report.skipped.items()), *remarks(report.to_json())]


def _numbers(score: Score) -> list[str]:
    from phonofilm.plots.tables import number

    interval = "none" if score.interval is None else " to ".join(map(number, score.interval))
    return [f"{number(score.value)} {score.unit}".strip(), interval, number(score.chance), number(score.ceiling)]

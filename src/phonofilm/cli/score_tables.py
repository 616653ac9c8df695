"""Scores and comparisons as tables in the terminal, metrics as a list."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from phonofilm.metrics import Difference, Metric, Published, Report, Score

WIDTH = 92
"""Characters a line of running text."""


def show(table: Table) -> None:
    """Print a table."""
    from rich.console import Console

    Console(width=None if typer.get_text_stream("stdout").isatty() else 160).print(table)


def catalogue() -> str:
    """Every metric: what it is, where it comes from with that code's licence, and what must be given.

    Plain lines, as the weights of others below them, so that addresses stay whole however narrow the terminal is.
    """
    from phonofilm.metrics import kind, names

    every = [kind(name) for name in names()]
    weights = {one.name: one for metric in every for one in metric.weights}
    return "\n\n".join(
        [
            *map(_metric, every),
            "Weights of others, for --weights NAME=PATH:",
            *(_weights(one) for _, one in sorted(weights.items())),
        ]
    )


def _metric(one: type[Metric[Any]]) -> str:
    code = [f"code: {one.source.code} (licence: {one.source.licence})"] if one.source.code else []
    needed = [f"needs: {', '.join(needs(one))}"] if needs(one) else []
    said = wrap(summary(one), WIDTH)
    return "\n    ".join([f"{one.name}@{one.version}", *said, f"source: {one.source.paper}", *code, *needed])


def _weights(one: Published) -> str:
    return f"{one.name}: {one.what}\n    from {one.home}\n    licence: {one.terms}"


def summary(kind: type[Metric[Any]]) -> str:
    """The first sentence of the text of a metric's module."""
    text = sys.modules[kind.__module__].__doc__ or ""
    return " ".join(text.split("\n\n")[0].split())


def needs(kind: type[Metric[Any]]) -> list[str]:
    """The options that a metric cannot do without."""
    reference = ["--reference, with the same file names" if kind.needs_pairs else "--reference"]
    return [
        *(f"--weights {one.name}" for one in kind.weights),
        *(["--codec"] if kind.needs_codec else []),
        *(reference if kind.needs_reference else []),
    ]


def comparison(differences: Sequence[Difference]) -> Table:
    """One row a score that both have."""
    from rich.table import Table

    rows = Table("score", "first", "second", "second minus first, 95 %", "films", "")
    for one in differences:
        values = ["none" if value is None else f"{value:.3g} {one.unit}".strip() for value in (one.one, one.other)]
        interval = "" if one.interval is None else f"{one.interval[0]:.3g} to {one.interval[1]:.3g}"
        rows.add_row(one.name, *values, interval, str(one.n), one.verdict)
    return rows


def table(report: Report) -> Table:
    """One row a score that has a value; for the others see :func:`below`."""
    from rich.table import Table

    rows = Table("score", "value", "95 %", "chance", "ceiling", "films", "left out", "of reference")
    for one in report.scores:
        if one.value is not None:
            against = report.references.get(one.definition)
            counts = (one.n, one.excluded or None, against and against.clips)
            rows.add_row(one.name, *_numbers(one), *("" if count is None else str(count) for count in counts))
    return rows


def licences(report: Report) -> list[str]:
    """The licences of the weights that scores were made with."""
    from phonofilm.metrics import kind

    used = {one.name: one.terms for name in report.counted for one in kind(name.partition("@")[0]).weights}
    return [f"weights {name}: {terms}" for name, terms in used.items()]


def below(report: Report) -> list[str]:
    """What the table does not show, in words: see :mod:`phonofilm.plots.remarks`."""
    from phonofilm.plots.remarks import remarks

    return [*(f"skipped {name}: {reason}" for name, reason in report.skipped.items()), *remarks(report.to_json())]


def _numbers(score: Score) -> list[str]:
    interval = score.method if score.interval is None else f"{score.interval[0]:.3g} to {score.interval[1]:.3g}"
    beside = ["" if value is None else f"{value:.3g}" for value in (score.chance, score.ceiling)]
    return [f"{score.value:.3g} {score.unit}".strip(), interval, *beside]

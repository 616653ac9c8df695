"""A benchmark at a glance: one panel a score, one line a row, each value with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phonofilm.errors import SettingError
from phonofilm.plots.png import save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 5  # beside each other
TICKS = 4  # spaces between ticks of a panel at most: the labels of more run into each other
COLORS = {"model": "#1f5fd0", "shuffled": "#999999", "codec": "#2a8f4d", "true": "#2a8f4d"}
"""By kind of row: models blue, chance grey, ceilings green; labels tell them apart without colour."""


def save_rows(results: Mapping[str, Any], path: str | Path, *, force: bool = False) -> Path:
    """Draw a benchmark's results as a PNG file.

    Args:
        results: the JSON of ``phonofilm bench``: ``columns`` with ``score`` and ``title``, ``rows`` with ``label``,
            ``kind`` and ``scores``, each with ``value``, ``interval`` and which way is ``better``.
        path: ends in ``.png``.
        force: replace an existing file.

    Raises:
        SettingError: if the name does not end in ``.png``, or nothing was measured.
        MediaError: if the file cannot be written.
    """
    return save_png(lambda: draw_rows(results), path, force=force)


def draw_rows(results: Mapping[str, Any]) -> Figure:
    """The figure; scores that no row has are left out.

    Raises:
        SettingError: if no row has a value.
    """
    from matplotlib.figure import Figure

    rows = results["rows"]
    columns = [one for one in results["columns"] if any(_value(row, one["score"]) is not None for row in rows)]
    if not columns:
        raise SettingError("the results hold no value to draw: run the benchmark first")
    across = min(PANELS, len(columns))
    down = -(-len(columns) // across)
    size = (3.0 + 2.4 * across, (0.9 + 0.28 * len(rows)) * down)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    for axes, column in zip(grid.flat, columns, strict=False):
        _panel(axes, column, rows)
    for axes in grid.flat[len(columns) :]:
        axes.set_visible(False)
    grid[0, 0].set_ylim(len(rows) - 0.5, -0.5)  # shared by all panels: the first row on top
    return figure


def _panel(axes: Axes, column: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    for place, row in enumerate(rows):
        value = _value(row, column["score"])
        if value is None:
            continue
        interval = row["scores"][column["score"]]["interval"]
        color = COLORS.get(row["kind"], COLORS["model"])
        if interval is not None:
            axes.plot(interval, [place, place], color=color, linewidth=1.5)
        axes.plot([value], [place], marker="o", color=color, markersize=4.5, linestyle="none")
    axes.set_title(column["title"], fontsize=9)
    axes.set_xlabel(f"{_better(rows, column['score'])} is better", fontsize=8)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows], fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(TICKS))
    axes.grid(axis="both", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)


def _better(rows: Sequence[Mapping[str, Any]], score: str) -> str:
    """Which way is better, as the rows that have the score say."""
    return next(row["scores"][score]["better"] for row in rows if score in row["scores"])


def _value(row: Mapping[str, Any], score: str) -> float | None:
    return row["scores"].get(score, {}).get("value")

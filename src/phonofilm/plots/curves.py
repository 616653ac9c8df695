"""Curves side by side as SVG files: the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3
COLOR, CHANCE, BAND, ZERO = "#1f5fd0", "#777777", "#1f5fd022", "#aaaaaa"
SETTINGS: Any = {"svg.hashsalt": "phonofilm", "svg.fonttype": "none"}


@dataclass(frozen=True)
class Curve:
    """One panel.

    Attributes:
        title: above it.
        x, y: points.
        low, high: of a band around them; equal to ``y`` where there is none.
        chance: a level to compare with; ``None``: none.
        unit: of y.
    """

    title: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    chance: float | None = None
    unit: str = ""


def save_curves(curves: Sequence[Curve], x_label: str, path: str | Path, *, force: bool = False) -> Path:
    """Draw curves as an SVG file.

    Args:
        curves: a panel each.
        x_label: below all of them.
        path: ends in ``.svg``.
        force: replace an existing file.

    Raises:
        SettingError: if the name does not end in ``.svg``, or there are no curves.
        MediaError: if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".svg":
        raise SettingError(f"{path} is not a .svg name: these figures are SVG drawings")
    return write_atomically(path, svg(curves, x_label), force=force)


def svg(curves: Sequence[Curve], x_label: str) -> bytes:
    """The figure as the bytes of an SVG file.

    Raises:
        SettingError: if there are no curves.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    if not curves:
        raise SettingError("there are no curves to draw: measure something first")
    with rc_context(SETTINGS):
        figure = _figure(curves, x_label)
        FigureCanvasSVG(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return b"\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + b"\n"


def _figure(curves: Sequence[Curve], x_label: str) -> Figure:
    from matplotlib.figure import Figure

    down = -(-len(curves) // ACROSS)
    figure = Figure(figsize=(3.6 * ACROSS, 2.2 * down + 0.3), layout="constrained")
    grid = figure.subplots(down, ACROSS, squeeze=False, sharex=True)
    for axes, curve in zip(grid.flat, curves, strict=False):
        _panel(axes, curve)
    for axes in grid.flat[len(curves) :]:
        axes.set_visible(False)
    figure.supxlabel(x_label, fontsize=9)
    return figure


def _panel(axes: Axes, curve: Curve) -> None:
    axes.axvline(0, color=ZERO, linewidth=1)
    axes.fill_between(curve.x, curve.low, curve.high, color=BAND, linewidth=0)
    axes.plot(curve.x, curve.y, color=COLOR, marker="o", markersize=2.5, linewidth=1.2)
    if curve.chance is not None:
        axes.axhline(curve.chance, color=CHANCE, linewidth=1, linestyle="--")
    axes.set_title(curve.title, fontsize=9)
    axes.set_ylabel(curve.unit, fontsize=8)
    axes.tick_params(labelsize=8, labelbottom=True)  # sharing hides them, and a long figure is not seen whole
    axes.grid(axis="y", color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)

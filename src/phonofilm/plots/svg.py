"""Small figures as SVG text for pages: they scale, and take their colours from the page by class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 360, 170
LEFT, BOTTOM, TOP = 34, 34, 8
"""Room for labels, in the same units."""


def bars(edges: Sequence[float], stacks: Sequence[tuple[str, Sequence[int]]], unit: str, title: str) -> str:
    """A histogram of stacked bars.

    Args:
        edges: of the bars.
        stacks: from below: the class whose colour it has (also its name in words), and the count in each bar.
        unit: of the edges.
        title: what is shown, in words, for those who do not see it.
    """
    totals = np.sum([counts for _, counts in stacks], axis=0)
    highest = max(int(totals.max()), 1)
    plot_width, plot_height = WIDTH - LEFT - 4, HEIGHT - TOP - BOTTOM
    step = plot_width / (len(edges) - 1)
    parts, below = [], np.zeros(len(edges) - 1)
    for kind, counts in stacks:
        for index, count in enumerate(counts):
            if count:
                height = count / highest * plot_height
                top = HEIGHT - BOTTOM - below[index] / highest * plot_height - height
                said = (
                    f"{edges[index]:g} to {edges[index + 1]:g} {unit}".strip() + f": {count} {kind.replace('-', ' ')}"
                )
                parts.append(
                    f'<rect class="{kind}" x="{LEFT + index * step + 0.5:.2f}" y="{top:.2f}" '
                    f'width="{max(step - 1, 0.5):.2f}" height="{height:.2f}"><title>{escape(said)}</title></rect>'
                )
        below += np.asarray(counts)
    return _figure(title, [*parts, *_axes(edges, highest, unit)])


def wave(low: np.ndarray, high: np.ndarray, peak: float, title: str) -> str:
    """A waveform's envelope, stretched over the width that the page gives it.

    Args:
        low, high: least and greatest sample of each column.
        peak: the sample that reaches the edge.
        title: what is shown, in words, for those who do not see it.
    """
    width = max(len(low) - 1, 1)
    heights = [100 - 100 * np.clip(side / (peak or 1.0), -1, 1) for side in (high, low)]
    upper, lower = ([f"{index},{y:.1f}" for index, y in enumerate(side)] for side in heights)
    return (
        f'<svg class="wave" role="img" aria-label="{escape(title)}" viewBox="0 0 {width} 200" '
        f'preserveAspectRatio="none"><line class="axis" x1="0" y1="100" x2="{width}" y2="100"/>'
        f'<polygon points="{" ".join([*upper, *reversed(lower)])}"/></svg>'
    )


def _axes(edges: Sequence[float], highest: int, unit: str) -> list[str]:
    """The base line, the least and greatest value, the middle one, and the greatest count."""
    base = HEIGHT - BOTTOM
    shown = sorted({0, (len(edges) - 1) // 2, len(edges) - 1})
    step = (WIDTH - LEFT - 4) / (len(edges) - 1)
    anchors = {0: "start", len(edges) - 1: "end"}
    labels = [
        f'<text x="{LEFT + index * step:.1f}" y="{base + 14}" text-anchor="{anchors.get(index, "middle")}">'
        f"{edges[index]:g}</text>"
        for index in shown
    ]
    return [
        f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{WIDTH - 4}" y2="{base}"/>',
        f'<text x="{LEFT - 4}" y="{TOP + 9}" text-anchor="end">{highest}</text>',
        f'<text x="{LEFT - 4}" y="{base}" text-anchor="end">0</text>',
        *labels,
        f'<text x="{LEFT + (WIDTH - LEFT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(unit)}</text>',
    ]


def _figure(title: str, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return f'<svg class="chart" role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {HEIGHT}">{inside}</svg>'

"""``phonofilm models``: what can be generated with and trained."""

from __future__ import annotations

import typer


def models() -> None:
    """List model families and sizes, which weights are at hand, and under which licence.

    A folder that training wrote is a model too: give it as --model.
    """
    from rich.console import Console
    from rich.table import Table

    from phonofilm.models import catalogue

    table = Table("model", "parameters", "clips", "weights", "licence", "paper")
    for entry in catalogue().values():
        shape = entry.family.presets[entry.size].shape
        clips = f"{float(shape.seconds):g} s, {shape.width}x{shape.height}, {float(shape.fps):g} fps"
        weights, licence = ("ship", entry.family.licence) if entry.folder else ("to be trained", "")
        table.add_row(entry.name, f"{entry.parameters:,}", clips, weights, licence, entry.family.paper)
    Console(width=None if typer.get_text_stream("stdout").isatty() else 160).print(table)

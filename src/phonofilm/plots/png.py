"""Figures as PNG files: the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phonofilm.errors import SettingError
from phonofilm.media.atomic import check_target, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100


def save_png(draw: Callable[[], Figure], path: str | Path, *, force: bool) -> Path:
    """Draw a figure and write it, once it is known that it can be written.

    Args:
        draw: makes the figure.
        path: ends in ``.png``.
        force: replace an existing file.

    Raises:
        SettingError: if the name does not end in ``.png``.
        MediaError: if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise SettingError(f"{path} is not a .png name: figures are PNG pictures")
    check_target(path, force=force)
    return write_atomically(path, png(draw()), force=force)


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()

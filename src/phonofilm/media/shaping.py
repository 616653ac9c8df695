"""Decoded pictures to those that a clip stores: upright, square pixels, 8 bits, without leaving the codec's colours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph

from phonofilm.media.picture import shown_size, turn_of
from phonofilm.shapes import nearest

RGB_SPACE = 0
"""FFmpeg's number for pixels that have no matrix; they get BT.601's."""
UPRIGHT = {0: (), 1: (("transpose", "cclock"),), 2: (("hflip", ""), ("vflip", "")), 3: (("transpose", "clock"),)}
"""Filters by quarter turns counterclockwise."""


class Shaper:
    """A function from decoded frames to 4:2:0 ones in the colour matrix that the film has.

    Like :func:`phonofilm.media.picture.picture_of`, without the way through RGB: scaled to cover ``size``, its
    middle kept. An odd side is made even by repeating the last row or column.

    Args:
        aspect: width of a stored pixel over its height.
        size: wanted (height, width); ``None``: its own.
    """

    def __init__(self, aspect: Fraction, size: tuple[int, int] | None) -> None:
        self._aspect, self._size = aspect, size
        self._key, self._graph = None, Graph()

    def __call__(self, frame: Any) -> Any:
        """The frame as it is to be stored; its time goes with it."""
        key = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, turn_of(frame))
        if key != self._key:
            self._key, self._graph = key, self._made_for(frame)
        self._graph.push(frame)
        return self._graph.pull()

    def _made_for(self, frame: Any) -> Graph:
        graph = Graph()
        graph.threads = 1
        last = graph.add(
            "buffer",
            f"width={frame.width}:height={frame.height}:pix_fmt={frame.format.name}:time_base={frame.time_base}:"
            f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
        )
        for name, arguments in (*self._filters(frame), ("buffersink", "")):
            following = graph.add(name, arguments or None)
            last.link_to(following)
            last = following
        graph.configure()
        return graph

    def _filters(self, frame: Any) -> Iterator[tuple[str, str]]:
        """Names and arguments of the filters that this frame needs."""
        turn = turn_of(frame)
        own = shown_size(frame, self._aspect, turn)
        size = self._size or own
        height, width = size[::-1] if turn.quarters % 2 else size
        rows, columns = self._visible(frame, height, width)
        if (rows, columns) != (frame.height, frame.width):  # before scaling, which then has less to do
            yield "crop", f"{columns}:{rows}"
        shrinks = height < rows or width < columns
        matrix = ":out_color_matrix=bt601" if int(frame.colorspace) == RGB_SPACE else ""
        yield "scale", f"{width}:{height}:flags={'area' if shrinks else 'bicubic'}:out_range=tv{matrix}"
        right, bottom = size[1] % 2, size[0] % 2
        if right or bottom:  # planes of half the size would be turned and padded inexactly
            yield "format", "yuv444p"
        if turn.mirrored:
            yield "hflip", ""
        yield from UPRIGHT[turn.quarters]
        if right or bottom:
            yield "pad", f"{size[1] + right}:{size[0] + bottom}"
            yield "fillborders", f"right={right}:bottom={bottom}:mode=smear"
            yield "scale", "flags=area"
        yield "format", "yuv420p"

    def _visible(self, frame: Any, height: int, width: int) -> tuple[int, int]:
        """Stored rows and columns that a picture of that size, as stored, shows; even where it does not show all."""
        scale = max(Fraction(height, frame.height), width / (frame.width * self._aspect))
        shown = (height / scale, width / (scale * self._aspect))
        rows, columns = (
            had if part > had - 1 else max(2 * nearest(part / 2), 2)
            for part, had in zip(shown, (frame.height, frame.width), strict=True)
        )
        return rows, columns

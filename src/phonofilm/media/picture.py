"""One decoded video frame to upright RGB with square pixels."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

from phonofilm.errors import UnsupportedMediaError
from phonofilm.shapes import nearest


@dataclass(frozen=True)
class Turn:
    """How a stored picture is turned to be shown.

    Attributes:
        quarters: quarter turns counterclockwise, 0 to 3, after mirroring.
        mirrored: left and right are swapped first.
    """

    quarters: int
    mirrored: bool


TURNS: dict[tuple[int, ...], Turn] = {
    (1, 0, 0, 1): Turn(0, False),
    (0, -1, 1, 0): Turn(1, False),
    (-1, 0, 0, -1): Turn(2, False),
    (0, 1, -1, 0): Turn(3, False),
    (-1, 0, 0, 1): Turn(0, True),
    (0, 1, 1, 0): Turn(1, True),
    (1, 0, 0, -1): Turn(2, True),
    (0, -1, -1, 0): Turn(3, True),
}
"""By the display matrix's signs ``(a, b, c, d)``: x' = a x + c y, y' = b x + d y, y downwards (ISO 14496-12, 6.2.2)."""


class _Own(threading.local):
    """What each thread has for itself: a scaler, whose own threads last as long as it does.

    One that each frame makes for itself would live, with the memory of its threads, until garbage is collected.
    """

    def __init__(self) -> None:
        self.scaler = VideoReformatter()


_own = _Own()


def turn_of(frame: Any) -> Turn:
    """The turn that the frame's display matrix asks for.

    Raises:
        UnsupportedMediaError: if it is not a multiple of a quarter turn.
    """
    matrix = next((data for data in frame.side_data if data.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return Turn(0, False)
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5]
    turn = TURNS.get(tuple(int(x) for x in np.sign((a, b, c, d))))
    if turn is None:
        raise UnsupportedMediaError("the film is not turned by quarter turns: re-encode it upright first")
    return turn


def shown_size(frame: Any, aspect: Fraction, turn: Turn) -> tuple[int, int]:
    """Height and width as shown: oblong pixels widened to square ones, then turned."""
    height, width = frame.height, max(nearest(frame.width * aspect), 1)
    return (width, height) if turn.quarters % 2 else (height, width)


def picture_of(frame: Any, aspect: Fraction = Fraction(1), size: tuple[int, int] | None = None) -> np.ndarray:
    """The frame as uint8 RGB ``(height, width, 3)``, upright, with square pixels.

    Args:
        frame: a decoded PyAV video frame.
        aspect: width of a stored pixel over its height.
        size: wanted (height, width): the picture is scaled to cover it, keeping its shape, and what
            sticks out is cut off evenly on both sides. ``None``: its own size.
    """
    turn = turn_of(frame)
    height, width = shown_size(frame, aspect, turn)
    scaled = (height, width) if size is None else cover((height, width), size)
    stored = scaled[::-1] if turn.quarters % 2 else scaled
    shrinks = stored[0] < frame.height or stored[1] < frame.width
    rgb = _own.scaler.reformat(
        frame, height=stored[0], width=stored[1], format="rgb24", interpolation="AREA" if shrinks else "BICUBIC"
    ).to_ndarray()
    if turn.mirrored:
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(centre(np.rot90(rgb, turn.quarters), size or scaled))


def cover(own: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The (height, width) next to the smallest one of ``own``'s shape that covers ``size`` by as much on both sides."""
    scale = max(Fraction(wanted, had) for wanted, had in zip(size, own, strict=True))
    height, width = (wanted + 2 * nearest((had * scale - wanted) / 2) for wanted, had in zip(size, own, strict=True))
    return height, width


def centre(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle ``size`` (height, width) of a picture."""
    top, left = ((had - wanted) // 2 for had, wanted in zip(picture.shape[:2], size, strict=True))
    return picture[top : top + size[0], left : left + size[1]]

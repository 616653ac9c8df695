"""Boxes of faces: which are one, which follow each other, and what is cut out of a film (syncnet_python, MIT)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from scipy.signal import medfilt

SIDE = 224
_GREY = (110, 110, 110)
_CUT, _APART = 30.0, 15
_NARROWER = ((3200, 12), (2100, 8), (1700, 6), (1200, 5), (900, 4), (600, 3), (400, 2))
"""Widths from which on only every so many-th pixel is looked at for cuts."""


@dataclass(frozen=True)
class Rules:
    """Of finding and following faces.

    Attributes:
        scale: of pictures before faces are looked for in them.
        sure: how surely a square must be a face.
        overlap: a face follows one that it shares more than this with, intersection over union.
        missed: frames for which a face may be lost.
        frames: a track has more faces than this.
        face: mean width or height, whichever is greater, is greater than this, pixels.
        margin: added to a face, in halves of its side.
    """

    scale: float = 0.25
    sure: float = 0.9
    overlap: float = 0.5
    missed: int = 25
    frames: int = 100
    face: float = 100
    margin: float = 0.4


@dataclass(frozen=True, eq=False)
class Track:
    """A face through successive frames.

    Attributes:
        first: frame.
        boxes: left, top, right, bottom of it in each frame, pixels, ``(frame, 4)``.
    """

    first: int
    boxes: np.ndarray


def shared(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box ``(4,)`` with others ``(n, 4)``."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inner = np.maximum(high - low, 0).prod(axis=1)
    return inner / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - inner)


def apart(boxes: np.ndarray, sure: np.ndarray, most: float) -> np.ndarray:
    """Indices of the boxes ``(n, 4)`` that share at most ``most`` with any surer one that is kept, surest first."""
    left, kept = np.argsort(-sure, kind="stable"), []
    while len(left):
        kept.append(left[0])
        left = left[1:][shared(boxes[left[0]], boxes[left[1:]]) <= most]
    return np.array(kept, np.int64)


def shots(frames: Iterable[np.ndarray]) -> list[tuple[int, int]]:
    """First and past-the-last frame of each shot of successive frames uint8 ``(height, width, 3)``.

    A cut is where hue, saturation and value change by 30 or more on average, and no cut is within 15 frames before:
    ``ContentDetector`` of PySceneDetect 0.5.1.
    """
    cuts: list[int] = []
    before, count = None, 0
    for i, frame in enumerate(frames):
        count = i + 1
        skip = next((skip for width, skip in _NARROWER if frame.shape[1] >= width), 1)
        colour = cv2.cvtColor(np.ascontiguousarray(frame[::skip, ::skip]), cv2.COLOR_RGB2HSV).astype(np.int32)
        changed = before is not None and np.abs(colour - before).mean() >= _CUT
        if changed and (not cuts or i - cuts[-1] >= _APART):
            cuts.append(i)
        before = colour
    return list(pairwise([0, *cuts, count]))


def tracks(found: Sequence[np.ndarray], first: int, rules: Rules) -> list[Track]:
    """Faces of successive frames, joined.

    A track begins with the first face that is left, and takes from each frame the first one that overlaps with its
    last; frames without one are filled in linearly.

    Args:
        found: boxes ``(n, 4)`` of each frame of a shot.
        first: its first frame.
        rules: see there.
    """
    left = [list(boxes) for boxes in found]
    made = []
    while any(left):
        at, boxes = _follow(left, rules)
        if len(at) > rules.frames:
            filled = np.arange(at[0], at[-1] + 1)
            track = np.stack([np.interp(filled, at, side) for side in np.array(boxes).T], axis=1)
            if (track[:, 2:] - track[:, :2]).mean(axis=0).max() > rules.face:
                made.append(Track(first + at[0], track))
    return made


def _follow(left: list[list[np.ndarray]], rules: Rules) -> tuple[list[int], list[np.ndarray]]:
    """Takes one track's faces away: frames and boxes."""
    at: list[int] = []
    boxes: list[np.ndarray] = []
    for frame, here in enumerate(left):
        if at and frame - at[-1] > rules.missed:
            break
        for place, box in enumerate(here):
            if not at or shared(boxes[-1], box[None])[0] > rules.overlap:
                at.append(frame)
                boxes.append(here.pop(place))
                break
    return at, boxes


def cropped(frames: np.ndarray, track: Track, rules: Rules) -> np.ndarray:
    """A track's faces with their surroundings, more below than above, uint8 ``(frame, 224, 224, 3)``.

    Place and size are medians of 13 frames; what lies beyond the picture is grey.

    Args:
        frames: of the track, ``(frame, height, width, 3)``.
        track: see there.
        rules: of which the margin counts.
    """
    low, high = track.boxes[:, :2], track.boxes[:, 2:]
    half = medfilt((high - low).max(axis=1) / 2, 13)
    columns, rows = (medfilt(middle, 13) for middle in ((low + high) / 2).T)
    return np.stack([_face(*one, rules.margin) for one in zip(frames, columns, rows, half, strict=True)])


def _face(frame: np.ndarray, column: float, row: float, half: float, margin: float) -> np.ndarray:
    pad = int(half * (1 + 2 * margin))
    wide = cv2.copyMakeBorder(frame, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=_GREY)
    top, bottom = int(row + pad - half), int(row + pad + half * (1 + 2 * margin))
    left, right = int(column + pad - half * (1 + margin)), int(column + pad + half * (1 + margin))
    return cv2.resize(wide[top:bottom, left:right], (SIDE, SIDE))

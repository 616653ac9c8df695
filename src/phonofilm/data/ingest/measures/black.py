"""How much of the time the picture is black."""

from __future__ import annotations

import cv2
import numpy as np

from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.data.ingest.stream import Picture
from phonofilm.pair import AV

DARK = 26
"""A pixel with no colour at or above this, of 255, is black: a tenth, as FFmpeg's blackdetect has it."""
SHARE = 0.98
"""A picture with at least this share of black pixels is black."""


class Black(Meter):
    """See the module; each picture counts for as long as it is shown."""

    version = 1
    gives = (Measure("black_ratio", "share of the time in which at least 98 % of the picture is black"),)
    needs = AV(True, False)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._black, self._shown, self._dark = 0, window.span.first_pts, False

    def see(self, picture: Picture) -> None:
        """Take the clip's next picture."""
        self._until(picture.pts)
        self._dark = is_black(picture.rgb)

    def _until(self, pts: int) -> None:
        self._black += (pts - self._shown) * self._dark
        self._shown = pts

    def values(self) -> dict[str, Value | Absent]:
        """The share."""
        span = self.window.span
        self._until(span.end_pts)
        return {"black_ratio": self._black / (span.end_pts - span.first_pts)}


def is_black(picture: np.ndarray) -> bool:
    """Whether a picture ``(height, width, 3)`` is."""
    if cv2.norm(picture, cv2.NORM_L1) > (DARK * SHARE + 255 * (1 - SHARE)) * picture.size:
        return False  # no black picture is so bright on average
    return bool(np.mean(picture.max(axis=2) < DARK) >= SHARE)


meter = Black

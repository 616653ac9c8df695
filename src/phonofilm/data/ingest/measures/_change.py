"""How much two small pictures differ."""

from __future__ import annotations

import cv2
import numpy as np


def change(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two uint8 pictures of one size, in levels of 0 to 255."""
    return cv2.norm(one, other, cv2.NORM_L1) / one.size

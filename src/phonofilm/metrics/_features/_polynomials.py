"""Polynomial expansion of pictures (Farneback, SCIA 2003), bit for bit that of OpenCV's optical flow.

A picture near each of its pixels is fitted by a polynomial of second degree. The order of all additions is OpenCV's
(``FarnebackPolyExp`` in ``modules/video/src/optflowgf.cpp``).
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from phonofilm.metrics._features._lanes import CHANNELS, COUNT, double, load, single, store, weave

REACH, SIGMA = 5, 1.2
"""Of the neighbourhood that a polynomial is fitted to, in pixels."""


def _moments() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the neighbourhood from its middle on, times 1, x and x^2; and entries 11, 03, 33, 55 of the inverse.

    Sums and products are rounded where OpenCV rounds them.
    """
    place = np.arange(-REACH, REACH + 1)
    weight = np.exp(-place * place / (2 * SIGMA * SIGMA)).astype(np.float32)
    weight = (weight.astype(np.float64) * (1 / sum(map(float, weight)))).astype(np.float32)
    x, g = place.astype(np.float32)[None, :], weight[:, None] * weight[None, :]
    y = x.T

    def total(products: np.ndarray) -> float:
        return float(np.add.accumulate(products.astype(np.float64).ravel())[-1])

    gram = np.diag([total(g), *[total(g * x * x)] * 2, *[total(g * x * x * x * x)] * 2, total(g * x * x * y * y)])
    gram[0, 3] = gram[0, 4] = gram[3, 0] = gram[4, 0] = gram[1, 1]
    gram[3, 4] = gram[4, 3] = gram[5, 5]
    inverse = cv2.invert(gram, flags=cv2.DECOMP_CHOLESKY)[1]
    half = slice(REACH, None)
    first, second = (place * weight).astype(np.float32), (place * place * weight).astype(np.float32)
    return weight[half], first[half], second[half], inverse[[1, 0, 3, 5], [1, 3, 3, 5]]


W0, W1, W2, INVERSE = _moments()
D0, D2 = W0.astype(np.float64), W2.astype(np.float64)
I11, I03, I33, I55 = map(float, INVERSE)
ZEROS = np.zeros(COUNT)


@njit(nogil=True, cache=True)
def expand(picture, rows, out):  # noqa: ANN001, ANN202  # compiled: types are those of the arrays
    """The polynomials around the pixels of a picture.

    Args:
        picture: float32 (height, width), both at least 8.
        rows: memory to work in, float32 (3, width + 2 * REACH).
        out: float32, pixel after pixel the coefficients of x, y, y^2, x^2 and x y; that of 1 is left out.
    """
    height, width = picture.shape
    last = height - 1
    a, b, c = rows[0], rows[1], rows[2]
    for y in range(height):
        u1, u2, u3 = picture[max(y - 1, 0)], picture[max(y - 2, 0)], picture[max(y - 3, 0)]
        u4, u5 = picture[max(y - 4, 0)], picture[max(y - 5, 0)]
        d1, d2, d3 = picture[min(y + 1, last)], picture[min(y + 2, last)], picture[min(y + 3, last)]
        d4, d5 = picture[min(y + 4, last)], picture[min(y + 5, last)]
        here = picture[y]
        for start in range(0, width, COUNT):
            x = min(start, width - COUNT)
            s1, s2, s3 = load(u1, x) + load(d1, x), load(u2, x) + load(d2, x), load(u3, x) + load(d3, x)
            s4, s5 = load(u4, x) + load(d4, x), load(u5, x) + load(d5, x)
            t = load(here, x) * W0[0] + s1 * W0[1] + s2 * W0[2] + s3 * W0[3] + s4 * W0[4] + s5 * W0[5]
            store(a, x + REACH, t)
            store(c, x + REACH, s1 * W2[1] + s2 * W2[2] + s3 * W2[3] + s4 * W2[4] + s5 * W2[5])
            t = (load(d1, x) - load(u1, x)) * W1[1] + (load(d2, x) - load(u2, x)) * W1[2]
            t = t + (load(d3, x) - load(u3, x)) * W1[3] + (load(d4, x) - load(u4, x)) * W1[4]
            store(b, x + REACH, t + (load(d5, x) - load(u5, x)) * W1[5])
        for row in range(3):
            for k in range(REACH):
                rows[row, k] = rows[row, REACH]
                rows[row, width + REACH + k] = rows[row, width + REACH - 1]
        for start in range(0, width, COUNT):
            x = min(start, width - COUNT)
            m = x + REACH
            flat, square = double(load(a, m) * W0[0]), load(ZEROS, 0)
            slope, mixed = square, square
            upright, steep = double(load(b, m) * W0[0]), double(load(c, m) * W0[0])
            for k in range(1, REACH + 1):
                both = double(load(a, m + k) + load(a, m - k))
                flat, square = flat + both * D0[k], square + both * D2[k]
                slope = slope + double((load(a, m + k) - load(a, m - k)) * W1[k])
                upright = upright + double((load(b, m + k) + load(b, m - k)) * W0[k])
                mixed = mixed + double((load(b, m + k) - load(b, m - k)) * W1[k])
                steep = steep + double((load(c, m + k) + load(c, m - k)) * W0[k])
            flat = flat * I03
            weave(
                out,
                CHANNELS * (y * width + x),
                single(upright * I11),
                single(slope * I11),
                single(flat + steep * I33),
                single(flat + square * I33),
                single(mixed * I55),
            )

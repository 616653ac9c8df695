"""Farneback's optical flow (SCIA 2003) between neighbouring pictures of a film, bit for bit that of OpenCV.

``cv2.calcOpticalFlowFarneback`` expands each picture into polynomials twice, once as the earlier and once as the later
of two, and computes with the oldest instructions of its processors. Here each picture is expanded once and loops are
compiled for the processor at hand. The order of all additions is OpenCV's (``modules/video/src/optflowgf.cpp``), so the
flow is the same to the last bit where OpenCV, too, rounds after each multiplication, as it does on x86.

Settings are those that AV-Align was published with: pyramid scale 0.5, 3 levels, window 15, 3 iterations, neighbourhood
5, sigma 1.2, flags 0.

Planes are ``(channel, height, width)``: the flow has channels x and y, an expansion those of x, y, y^2, x^2 and x y
without the constant, equations G11, G12, G22, h1, h2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce

import cv2
import numpy as np
from numba import njit

REACH, SIGMA = 5, 1.2
"""Of the neighbourhood that a polynomial is fitted to, in pixels."""
WINDOW, ITERATIONS, LEVELS = 15, 3, 3
SMALLEST = 32
"""The pyramid ends before a side gets shorter than this, in pixels."""
BORDER = np.array([0.14, 0.14, 0.4472, 0.4472, 0.4472], np.float32)
"""How much equations count that lie so many pixels from the edge."""
EDGE = len(BORDER)
LEAST = 2 * EDGE
"""Least side of pictures, in pixels: OpenCV's edges of smaller ones are an accident of its arithmetic."""


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
ZERO, QUARTER, HALF, ONE = map(np.float32, (0, 0.25, 0.5, 1))
# Loops below write one row and read a few: more rows in one loop, and the compiler no longer proves that it may
# compute many pixels at once.


@njit(nogil=True, cache=True)
def _expand(picture, rows, constant, out):  # noqa: ANN001, ANN202  # compiled: types are those of the arrays
    """Polynomials around each pixel of ``picture`` (height, width): ``out`` (5, height, width)."""
    height, width = picture.shape
    last = height - 1
    a, b, c = rows[0], rows[1], rows[2]
    for y in range(height):
        here = picture[y]
        u1, u2, u3 = picture[max(y - 1, 0)], picture[max(y - 2, 0)], picture[max(y - 3, 0)]
        u4, u5 = picture[max(y - 4, 0)], picture[max(y - 5, 0)]
        d1, d2, d3 = picture[min(y + 1, last)], picture[min(y + 2, last)], picture[min(y + 3, last)]
        d4, d5 = picture[min(y + 4, last)], picture[min(y + 5, last)]
        for x in range(width):
            t = here[x] * W0[0] + W0[1] * (u1[x] + d1[x]) + W0[2] * (u2[x] + d2[x])
            a[x + REACH] = t + W0[3] * (u3[x] + d3[x]) + W0[4] * (u4[x] + d4[x]) + W0[5] * (u5[x] + d5[x])
        for x in range(width):
            t = ZERO + W1[1] * (d1[x] - u1[x]) + W1[2] * (d2[x] - u2[x])
            b[x + REACH] = t + W1[3] * (d3[x] - u3[x]) + W1[4] * (d4[x] - u4[x]) + W1[5] * (d5[x] - u5[x])
        for x in range(width):
            t = ZERO + W2[1] * (u1[x] + d1[x]) + W2[2] * (u2[x] + d2[x])
            c[x + REACH] = t + W2[3] * (u3[x] + d3[x]) + W2[4] * (u4[x] + d4[x]) + W2[5] * (u5[x] + d5[x])
        for row in range(3):
            for k in range(REACH):
                rows[row, k] = rows[row, REACH]
                rows[row, width + REACH + k] = rows[row, width + REACH - 1]
        o0, o1, o2, o3, o4 = out[0, y], out[1, y], out[2, y], out[3, y], out[4, y]
        for x in range(width):
            t = np.float64(a[x + REACH] * W0[0])
            for k in range(1, REACH + 1):
                t += np.float64(a[x + REACH + k] + a[x + REACH - k]) * D0[k]
            constant[x] = t * I03
        for x in range(width):
            t = 0.0
            for k in range(1, REACH + 1):
                t += np.float64(a[x + REACH + k] + a[x + REACH - k]) * D2[k]
            o3[x] = np.float32(constant[x] + t * I33)
        for x in range(width):
            t = 0.0
            for k in range(1, REACH + 1):
                t += np.float64((a[x + REACH + k] - a[x + REACH - k]) * W1[k])
            o1[x] = np.float32(t * I11)
        for x in range(width):
            t = np.float64(b[x + REACH] * W0[0])
            for k in range(1, REACH + 1):
                t += np.float64((b[x + REACH + k] + b[x + REACH - k]) * W0[k])
            o0[x] = np.float32(t * I11)
        for x in range(width):
            t = 0.0
            for k in range(1, REACH + 1):
                t += np.float64((b[x + REACH + k] - b[x + REACH - k]) * W1[k])
            o4[x] = np.float32(t * I55)
        for x in range(width):
            t = np.float64(c[x + REACH] * W0[0])
            for k in range(1, REACH + 1):
                t += np.float64((c[x + REACH + k] + c[x + REACH - k]) * W0[k])
            o2[x] = np.float32(constant[x] + t * I33)


@njit(nogil=True, cache=True)
def _equate(y, before, after, flow, across, down, place, spare, out):  # noqa: ANN001, ANN202  # compiled
    """Equations of the displacement at each pixel of row ``y``, ``out`` (5, width), given the ``flow`` so far."""
    _, height, width = before.shape
    planes = after.reshape(5, height * width)
    wide, right, bottom = np.int32(width), np.float32(width - 1), np.float32(height - 1)
    one, below = np.uint64(1), np.uint64(width)
    t0, t1, t2, t3, t4 = spare[0], spare[1], spare[2], spare[3], spare[4]
    w00, w01, w10, w11 = spare[5], spare[6], spare[7], spare[8]
    dx, dy, top = flow[0, y], flow[1, y], np.float32(y)
    for x in range(width):
        p, q = np.float32(np.int32(x)) + dx[x], top + dy[x]
        w00[x] = (ONE - (p - np.floor(p))) * (ONE - (q - np.floor(q)))
    for x in range(width):
        p, q = np.float32(np.int32(x)) + dx[x], top + dy[x]
        w01[x] = (p - np.floor(p)) * (ONE - (q - np.floor(q)))
    for x in range(width):
        p, q = np.float32(np.int32(x)) + dx[x], top + dy[x]
        w10[x] = (ONE - (p - np.floor(p))) * (q - np.floor(q))
    for x in range(width):
        p, q = np.float32(np.int32(x)) + dx[x], top + dy[x]
        w11[x] = (p - np.floor(p)) * (q - np.floor(q))
    for x in range(width):  # where the pixel comes to lie, or -1 outside of the picture
        p, q = np.floor(np.float32(np.int32(x)) + dx[x]), np.floor(top + dy[x])
        inside = (p >= ZERO) & (p < right) & (q >= ZERO) & (q < bottom)
        p = p if inside else ZERO
        q = q if inside else ZERO
        place[x] = np.int32(q) * wide + np.int32(p) if inside else np.int32(-1)
    for channel in range(5):
        plane, t = planes[channel], spare[channel]
        for x in range(width):
            i = np.uint64(max(place[x], np.int32(0)))
            mixed = w00[x] * plane[i] + w01[x] * plane[i + one]
            mixed = mixed + w10[x] * plane[i + below] + w11[x] * plane[i + below + one]
            t[x] = mixed if place[x] >= 0 else ZERO
    b0, b1, b2, b3, b4 = before[0, y], before[1, y], before[2, y], before[3, y], before[4, y]
    for x in range(width):
        t2[x] = (b2[x] + t2[x]) * HALF if place[x] >= 0 else b2[x]
    for x in range(width):
        t3[x] = (b3[x] + t3[x]) * HALF if place[x] >= 0 else b3[x]
    for x in range(width):
        t4[x] = (b4[x] + t4[x]) * QUARTER if place[x] >= 0 else b4[x] * HALF
    for x in range(width):
        t0[x] = (b0[x] - t0[x]) * HALF + (t2[x] * dy[x] + t4[x] * dx[x])
    for x in range(width):
        t1[x] = (b1[x] - t1[x]) * HALF + (t4[x] * dy[x] + t3[x] * dx[x])
    near = y < EDGE or y >= height - EDGE
    for channel in range(5):
        t = spare[channel]
        if near:
            for x in range(width):
                t[x] *= across[x] * down[0, y] * down[1, y]
        else:
            for x in range(EDGE):
                t[x] *= across[x]
            for x in range(width - EDGE, width):
                t[x] *= across[x]
    o0, o1, o2, o3, o4 = out[0], out[1], out[2], out[3], out[4]
    for x in range(width):
        o0[x] = t2[x] * t2[x] + t4[x] * t4[x]
    for x in range(width):
        o1[x] = (t2[x] + t3[x]) * t4[x]
    for x in range(width):
        o2[x] = t3[x] * t3[x] + t4[x] * t4[x]
    for x in range(width):
        o3[x] = t2[x] * t0[x] + t4[x] * t1[x]
    for x in range(width):
        o4[x] = t4[x] * t0[x] + t3[x] * t1[x]


@njit(nogil=True, cache=True)
def _improve(before, after, edges, memory, flow):  # noqa: ANN001, ANN202  # compiled
    """Replace the ``flow`` by that which fits the equations in a window around each pixel best.

    Sums over windows are carried along columns and then along rows, as in OpenCV: other orders round otherwise. Of the
    equations only the rows of a window are kept, in a ring: row r is number r % len(ring).
    """
    _, height, width = before.shape
    across, down = edges
    place, spare, ring, columns, sums = memory
    m, size = WINDOW // 2, len(ring)
    pad = m + 1
    scale, first = 1.0 / (WINDOW * WINDOW), np.float32(m + 2)
    for y in range(min(m, height)):
        _equate(y, before, after, flow, across, down, place, spare, ring[y])
    for channel in range(5):
        column, row = columns[channel, pad : pad + width], ring[0, channel]
        for x in range(width):
            column[x] = np.float64(row[x] * first)
        for y in range(1, m):
            row = ring[min(y, height - 1), channel]
            for x in range(width):
                column[x] += np.float64(row[x])
    v0, v1, v2, v3, v4 = columns[0], columns[1], columns[2], columns[3], columns[4]
    s0, s1, s2, s3, s4, inverse = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    for y in range(height):
        old, low = max(y - m - 1, 0) % size, min(y + m, height - 1) % size
        if y + m < height:
            _equate(y + m, before, after, flow, across, down, place, spare, ring[low])
        for channel in range(5):
            gone, new, column = ring[old, channel], ring[low, channel], columns[channel, pad : pad + width]
            for x in range(width):
                column[x] += np.float64(new[x] - gone[x])
            for x in range(pad):
                columns[channel, x] = columns[channel, pad]
                columns[channel, pad + width + x] = columns[channel, pad + width - 1]
        g0, g1, g2 = v0[pad] * (m + 2), v1[pad] * (m + 2), v2[pad] * (m + 2)
        g3, g4 = v3[pad] * (m + 2), v4[pad] * (m + 2)
        for x in range(pad + 1, pad + m):
            g0, g1, g2, g3, g4 = g0 + v0[x], g1 + v1[x], g2 + v2[x], g3 + v3[x], g4 + v4[x]
        for x in range(width):
            g0 += v0[pad + x + m] - v0[x]
            g1 += v1[pad + x + m] - v1[x]
            g2 += v2[pad + x + m] - v2[x]
            g3 += v3[pad + x + m] - v3[x]
            g4 += v4[pad + x + m] - v4[x]
            s0[x], s1[x], s2[x], s3[x], s4[x] = g0 * scale, g1 * scale, g2 * scale, g3 * scale, g4 * scale
        f0, f1 = flow[0, y], flow[1, y]
        for x in range(width):
            inverse[x] = 1.0 / (s0[x] * s2[x] - s1[x] * s1[x] + 1e-3)
        for x in range(width):
            f0[x] = np.float32((s0[x] * s4[x] - s1[x] * s3[x]) * inverse[x])
        for x in range(width):
            f1[x] = np.float32((s2[x] * s3[x] - s1[x] * s4[x]) * inverse[x])


def _edges(size: int) -> np.ndarray:
    """How much each place along a side counts for its nearness to the one end and to the other, ``(2, size)``."""
    near = np.ones((2, size), np.float32)
    near[0, :EDGE] = BORDER
    near[1, ::-1][:EDGE] = BORDER
    return near


@dataclass(eq=False)
class _Level:
    """One size of the pyramid, with the memory that is worked in.

    Attributes:
        height, width: of its pictures.
        smooth: side of the Gaussian window that pictures of full size are smoothed with.
        sigma: of that window; 0: as OpenCV chooses for its side.
    """

    height: int
    width: int
    smooth: int
    sigma: float
    expansions: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        height, width = self.height, self.width
        self.expansions = [np.empty((5, height, width), np.float32) for _ in range(2)]
        self.flow = np.empty((2, height, width), np.float32)
        left, right = _edges(width)
        self.across, self.down = left * right, _edges(height)
        self.place, self.spare = np.empty(width, np.int32), np.empty((9, width), np.float32)
        self.ring = np.empty((WINDOW + 1, 5, width), np.float32)
        self.columns, self.sums = np.empty((5, width + 2 * (WINDOW // 2 + 1))), np.empty((6, width))
        self.rows, self.constant = np.empty((3, width + 2 * REACH), np.float32), np.empty(width)
        self.small = np.empty((height, width), np.float32)

    def see(self, picture: np.ndarray, smoothed: np.ndarray) -> None:
        """Take the next picture, float32 at full size; ``smoothed`` is memory of its size."""
        cv2.GaussianBlur(picture, (self.smooth, self.smooth), self.sigma, smoothed, self.sigma)
        small = smoothed
        if picture.shape != self.small.shape:
            small = cv2.resize(smoothed, (self.width, self.height), self.small, interpolation=cv2.INTER_LINEAR)
        self.expansions.reverse()
        _expand(small, self.rows, self.constant, self.expansions[1])

    def move(self, coarse: np.ndarray | None) -> np.ndarray:
        """The flow between the last two pictures, beginning with that of the next coarser level."""
        if coarse is None:
            self.flow[:] = 0
        else:  # both channels in one go: OpenCV resizes two channels otherwise than one, to the last bit
            both = cv2.resize(cv2.merge([*coarse]), (self.width, self.height), interpolation=cv2.INTER_LINEAR)
            np.multiply(both.transpose(2, 0, 1), np.float32(2), out=self.flow)
        for _ in range(ITERATIONS):
            before, after = self.expansions
            edges, spare = (self.across, self.down), (self.place, self.spare, self.ring, self.columns, self.sums)
            _improve(before, after, edges, spare, self.flow)
        return self.flow


class Farneback:
    """Flow along a film whose pictures all have one size. It holds about 100 bytes a pixel.

    Args:
        height, width: of the pictures.
    """

    def __init__(self, height: int, width: int) -> None:
        self._levels = [_level(height, width, halvings) for halvings in reversed(range(1 + _depth(height, width)))]
        self._smoothed = np.empty((height, width), np.float32)
        self._aligned = tuple(_aligned(height, width) for _ in range(3))

    def flows(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Flow in pixels from each grey picture uint8 ``(height, width)`` to the next one, float32 (2, height, width).

        What is yielded holds until the next one is asked for.
        """
        for index, picture in enumerate(pictures):
            full = picture.astype(np.float32)
            for level in self._levels:
                level.see(full, self._smoothed)
            if index:
                yield reduce(lambda flow, level: level.move(flow), self._levels[1:], self._levels[0].move(None))

    def sizes(self, pictures: Iterable[np.ndarray]) -> list[float]:
        """Mean magnitude of each of the :meth:`flows`, in pixels."""
        return [self._mean(flow) for flow in self.flows(pictures)]

    def _mean(self, flow: np.ndarray) -> float:
        """OpenCV's magnitudes, computed at one place: their last bit depends on where in memory the arrays are."""
        x, y, magnitude = self._aligned
        x[:], y[:] = flow
        return float(cv2.magnitude(x, y, magnitude).mean(dtype=np.float64))


def _depth(height: int, width: int) -> int:
    """How often a picture is halved."""
    return sum(min(height, width) * 0.5**halvings >= SMALLEST for halvings in range(1, LEVELS + 1))


def _level(height: int, width: int, halvings: int) -> _Level:
    scale = 0.5**halvings
    sigma = (1 / scale - 1) * 0.5
    return _Level(round(height * scale), round(width * scale), max(round(sigma * 5) | 1, 3), sigma)


def _aligned(height: int, width: int) -> np.ndarray:
    """A plane that begins at a multiple of 64 bytes."""
    memory = np.empty(height * width + 16, np.float32)
    first = -(memory.ctypes.data // 4) % 16
    return memory[first : first + height * width].reshape(height, width)

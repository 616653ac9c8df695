"""Farneback's optical flow (SCIA 2003) between neighbouring pictures of a film, bit for bit that of OpenCV.

``cv2.calcOpticalFlowFarneback`` expands each picture into polynomials twice, once as the earlier and once as the later
of two, and computes with the oldest instructions of its processors. Here each picture is expanded once and loops are
compiled for the processor at hand. The order of all additions is OpenCV's (``modules/video/src/optflowgf.cpp``), so the
flow is the same to the last bit where OpenCV, too, rounds after each multiplication, as it does on x86.

Settings are those that AV-Align was published with: pyramid scale 0.5, 3 levels, window 15, 3 iterations, neighbourhood
5, sigma 1.2, flags 0.

The flow is ``(channel, height, width)`` with channels x and y. Polynomials lie pixel after pixel, so that all five
coefficients of a displaced pixel's neighbour are read at once. Equations G11, G12, G22, h1, h2 are rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce

import cv2
import numpy as np
from numba import njit

from phonofilm.metrics._features._lanes import CHANNELS, COUNT, floor, load, single, store, unweave
from phonofilm.metrics._features._polynomials import REACH, expand

WINDOW, ITERATIONS, LEVELS = 15, 3, 3
HALF_WINDOW = WINDOW // 2
PAD = HALF_WINDOW + 1
SMALLEST = 32
"""The pyramid ends before a side gets shorter than this, in pixels."""
BORDER = np.array([0.14, 0.14, 0.4472, 0.4472, 0.4472], np.float32)
"""How much equations count that lie so many pixels from the edge."""
EDGE = len(BORDER)
LEAST = 2 * EDGE
"""Least side of pictures, in pixels: OpenCV's edges of smaller ones are an accident of its arithmetic."""

ZERO, ONE = map(np.float32, (0, 1))
ONES = np.ones(COUNT)
# An equation takes (first + SIGN * second) * SHARE of the coefficients of both pictures, or first * ALONE.
SIGN, SHARE, ALONE = np.array(
    [[-1, -1, 1, 1, 1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5, 0.25, 0, 0, 0], [0.5, 0.5, 1, 1, 0.5, 0, 0, 0]], np.float32
)


@njit(nogil=True, cache=True)
def _equate(y, before, after, flow, across, down, memory, out):  # noqa: ANN001, ANN202  # compiled
    """Equations of the displacement at each pixel of row ``y``, ``out`` (5, width), given the ``flow`` so far.

    ``before`` and ``after`` are the polynomials of both pictures, with a few numbers more at their ends.
    """
    places, place, weights, halves, edge = memory
    _, height, width = flow.shape
    wide, right, bottom = np.int32(width), np.float32(width - 1), np.float32(height - 1)
    w00, w01, w10, w11 = weights[0], weights[1], weights[2], weights[3]
    dx, dy, top = flow[0, y], flow[1, y], np.float32(y)
    for start in range(0, width, COUNT):
        x = min(start, width - COUNT)
        p, q = load(places, x) + load(dx, x), load(dy, x) + top
        p, q = p - floor(p), q - floor(q)
        store(w00, x, (ONE - p) * (ONE - q))
        store(w01, x, p * (ONE - q))
        store(w10, x, (ONE - p) * q)
        store(w11, x, p * q)
    for x in range(width):  # where the pixel comes to lie, or -1 outside of the picture
        p, q = np.floor(np.float32(np.int32(x)) + dx[x]), np.floor(top + dy[x])
        inside = (p >= ZERO) & (p < right) & (q >= ZERO) & (q < bottom)
        p = p if inside else ZERO
        q = q if inside else ZERO
        place[x] = np.int32(q) * wide + np.int32(p) if inside else np.int32(-1)
    for x in range(width):
        edge[x] = across[x] * down[0, y] * down[1, y]
    sign, share, alone = load(SIGN, 0), load(SHARE, 0), load(ALONE, 0)
    for x in range(width):  # the three lanes too many of each pixel are overwritten by those of the next one
        own, i = load(before, CHANNELS * (y * width + x)), np.int64(place[x])
        if i >= 0:
            upper, lower = CHANNELS * i, CHANNELS * (i + width)
            mixed = load(after, upper) * w00[x] + load(after, upper + CHANNELS) * w01[x]
            mixed = mixed + load(after, lower) * w10[x] + load(after, lower + CHANNELS) * w11[x]
            store(halves, CHANNELS * x, (own + mixed * sign) * share)
        else:
            store(halves, CHANNELS * x, own * alone)
    o0, o1, o2, o3, o4 = out[0], out[1], out[2], out[3], out[4]
    for start in range(0, width, COUNT):
        x = min(start, width - COUNT)
        t0, t1, t2, t3, t4 = unweave(halves, CHANNELS * x)
        u, v, e = load(dx, x), load(dy, x), load(edge, x)
        t0, t1 = (t0 + (t2 * v + t4 * u)) * e, (t1 + (t4 * v + t3 * u)) * e
        t2, t3, t4 = t2 * e, t3 * e, t4 * e
        store(o0, x, t2 * t2 + t4 * t4)
        store(o1, x, (t2 + t3) * t4)
        store(o2, x, t3 * t3 + t4 * t4)
        store(o3, x, t2 * t0 + t4 * t1)
        store(o4, x, t4 * t0 + t3 * t1)


@njit(nogil=True, cache=True)
def _improve_row(y, before, after, flow, across, down, memory, ring, columns, sums):  # noqa: ANN001, ANN202  # compiled
    """Replace row ``y`` of the ``flow`` by that which fits the equations in a window around each pixel best.

    Sums over windows are carried along columns and then along rows, as in OpenCV: other orders round otherwise. Of the
    equations only the rows of a window are kept, in a ring: row r is number r % len(ring).
    """
    _, height, width = flow.shape
    size = len(ring)
    scale, first = 1.0 / (WINDOW * WINDOW), np.float32(HALF_WINDOW + 2)
    if y == 0:
        for row in range(min(HALF_WINDOW, height)):
            _equate(row, before, after, flow, across, down, memory, ring[row])
        for channel in range(CHANNELS):
            column, row = columns[channel, PAD : PAD + width], ring[0, channel]
            for x in range(width):
                column[x] = np.float64(row[x] * first)
            for below in range(1, HALF_WINDOW):
                row = ring[min(below, height - 1), channel]
                for x in range(width):
                    column[x] += np.float64(row[x])
    old, low = max(y - PAD, 0) % size, min(y + HALF_WINDOW, height - 1) % size
    if y + HALF_WINDOW < height:
        _equate(y + HALF_WINDOW, before, after, flow, across, down, memory, ring[low])
    for channel in range(CHANNELS):
        gone, new, column = ring[old, channel], ring[low, channel], columns[channel, PAD : PAD + width]
        for x in range(width):
            column[x] += np.float64(new[x] - gone[x])
        for x in range(PAD):
            columns[channel, x] = columns[channel, PAD]
            columns[channel, PAD + width + x] = columns[channel, PAD + width - 1]
        entering, leaving, step = columns[channel, PAD + HALF_WINDOW :], columns[channel], sums[channel]
        for x in range(width):
            step[x] = entering[x] - leaving[x]
    s0, s1, s2, s3, s4 = sums[0], sums[1], sums[2], sums[3], sums[4]
    v0, v1, v2, v3, v4 = columns[0], columns[1], columns[2], columns[3], columns[4]
    g0, g1, g2, g3, g4 = v0[PAD] * first, v1[PAD] * first, v2[PAD] * first, v3[PAD] * first, v4[PAD] * first
    for x in range(PAD + 1, PAD + HALF_WINDOW):
        g0, g1, g2, g3, g4 = g0 + v0[x], g1 + v1[x], g2 + v2[x], g3 + v3[x], g4 + v4[x]
    for x in range(width):
        g0, g1, g2, g3, g4 = g0 + s0[x], g1 + s1[x], g2 + s2[x], g3 + s3[x], g4 + s4[x]
        s0[x], s1[x], s2[x], s3[x], s4[x] = g0, g1, g2, g3, g4
    f0, f1 = flow[0, y], flow[1, y]
    for start in range(0, width, COUNT):
        x = min(start, width - COUNT)
        a, b, c = load(s0, x) * scale, load(s1, x) * scale, load(s2, x) * scale
        d, e = load(s3, x) * scale, load(s4, x) * scale
        inverse = load(ONES, 0) / (a * c - b * b + 1e-3)
        store(f0, x, single((a * e - b * d) * inverse))
        store(f1, x, single((c * d - b * e) * inverse))


@njit(nogil=True, cache=True)
def _improve(before, after, edges, memory, flow):  # noqa: ANN001, ANN202  # compiled
    """All iterations of the ``flow``. Each follows the one before it at such a distance that it finds its row improved.

    So they go through the pictures together, while rows are still in the processor's cache.
    """
    across, down = edges
    row, rings, columns, sums = memory
    height = flow.shape[1]
    for first in range(height + (ITERATIONS - 1) * HALF_WINDOW):
        for turn in range(ITERATIONS):
            y = first - turn * HALF_WINDOW
            if 0 <= y < height:
                _improve_row(y, before, after, flow, across, down, row, rings[turn], columns[turn], sums)


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
        self.expansions = [np.zeros(height * width * CHANNELS + COUNT, np.float32) for _ in range(2)]
        self.flow = np.empty((2, height, width), np.float32)
        left, right = _edges(width)
        self.across, self.down = left * right, _edges(height)
        halves = np.empty(width * CHANNELS + COUNT, np.float32)
        row = (
            np.arange(width, dtype=np.float32),
            np.empty(width, np.int32),
            np.empty((4, width), np.float32),
            halves,
            np.empty(width, np.float32),
        )
        rings = np.empty((ITERATIONS, WINDOW + 1, CHANNELS, width), np.float32)
        columns = np.empty((ITERATIONS, CHANNELS, width + 2 * PAD))
        self.memory = row, rings, columns, np.empty((CHANNELS, width))
        self.rows = np.empty((3, width + 2 * REACH), np.float32)
        self.small = np.empty((height, width), np.float32)

    def see(self, picture: np.ndarray, smoothed: np.ndarray) -> None:
        """Take the next picture, float32 at full size; ``smoothed`` is memory of its size."""
        cv2.GaussianBlur(picture, (self.smooth, self.smooth), self.sigma, smoothed, self.sigma)
        small = smoothed
        if picture.shape != self.small.shape:
            small = cv2.resize(smoothed, (self.width, self.height), self.small, interpolation=cv2.INTER_LINEAR)
        self.expansions.reverse()
        expand(small, self.rows, self.expansions[1])

    def move(self, coarse: np.ndarray | None) -> np.ndarray:
        """The flow between the last two pictures, beginning with that of the next coarser level."""
        if coarse is None:
            self.flow[:] = 0
        else:  # both channels in one go: OpenCV resizes two channels otherwise than one, to the last bit
            both = cv2.resize(cv2.merge([*coarse]), (self.width, self.height), interpolation=cv2.INTER_LINEAR)
            both *= 2
            for channel, plane in enumerate(self.flow):
                cv2.extractChannel(both, channel, plane)
        before, after = self.expansions
        _improve(before, after, (self.across, self.down), self.memory, self.flow)
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

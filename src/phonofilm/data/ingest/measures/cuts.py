"""Where one shot ends and the next begins.

A picture begins a shot if it differs from the one before it by much, and by twice as much as any neighbouring pair of
pictures does. So neither fast motion nor a flash (two great changes side by side) is a cut; dissolves and fades are not
found. Pictures that repeat the one before are left out first, since films repeat them at will.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from phonofilm.data.ingest.measures._change import change
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.data.ingest.stream import Picture
from phonofilm.pair import AV

LEAST = 12.0
"""Least change at a cut, in levels of 0 to 255, averaged over the picture and its colours."""
FACTOR = 2.0
"""Least ratio of the change at a cut to each neighbouring one."""
REACH = 2
"""Neighbouring changes on either side."""
NEAR = 0.3
"""Seconds beyond which a change is no neighbour: what is shown for longer is a shot and no flash."""
REPEATED = 0.5
"""A picture that changes less than this repeats the last one."""


class Shots:
    """Finds cuts in pictures that pass by; a cut is known :data:`REACH` different pictures later.

    Args:
        tick: of the pictures' times, in seconds.
    """

    def __init__(self, tick: float) -> None:
        self._near = NEAR / tick
        self._last: np.ndarray | None = None
        self._changes: deque[tuple[int, float]] = deque(maxlen=2 * REACH + 1)

    def see(self, picture: Picture) -> int | None:
        """Take the next picture; gives the time of one that is now known to begin a shot, in ticks."""
        if self._last is None:
            self._last = picture.rgb
            return None
        changed = change(picture.rgb, self._last)
        if changed < REPEATED:
            return None
        self._last = picture.rgb
        self._changes.append((picture.pts, changed))
        return self._judge(len(self._changes) - 1 - REACH)

    def rest(self) -> Iterator[int]:
        """The last cuts, once all pictures have passed."""
        for index in range(max(len(self._changes) - REACH, 0), len(self._changes)):
            if (pts := self._judge(index)) is not None:
                yield pts

    def _judge(self, index: int) -> int | None:
        if index < 0:
            return None
        pts, changed = self._changes[index]
        if changed < LEAST:
            return None
        near = [
            other
            for at, (time, other) in enumerate(self._changes)
            if 0 < abs(at - index) <= REACH and abs(time - pts) <= self._near
        ]
        return pts if changed >= FACTOR * max(near, default=0.0) else None


def first_pictures(pictures: Iterable[Picture], time_base: Fraction) -> Iterator[int]:
    """Times, in ticks of ``time_base``, of the pictures that begin a shot; the very first one is not among them."""
    shots = Shots(float(time_base))
    for picture in pictures:
        if (pts := shots.see(picture)) is not None:
            yield pts
    yield from shots.rest()


class Cuts(Meter):
    """See the module."""

    version = 1
    gives = (Measure("cuts", "number of hard cuts in the picture"),)
    needs = AV(True, False)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._shots, self._count = Shots(window.tick), 0

    def see(self, picture: Picture) -> None:
        """Take the clip's next picture."""
        self._count += self._shots.see(picture) is not None

    def values(self) -> dict[str, Value | Absent]:
        """The number."""
        return {"cuts": self._count + len(list(self._shots.rest()))}


meter = Cuts

"""Clips while their film passes by: which of them a picture or a stretch of sound belongs to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

import numpy as np

from phonofilm.data.ingest.measures import Absent, Meter, Value, Window
from phonofilm.data.ingest.measures._frames import Frames
from phonofilm.data.ingest.stream import Picture, Sound
from phonofilm.pair import AV

NO_PICTURE, NO_SOUND = Absent("the clip has no picture"), Absent("the clip has no sound")


class Passing:
    """A clip that its film has not left yet, with what measures it.

    Meters are built with its first picture or sound and dropped with its last, so that only the clips around one
    moment of the film take memory.

    Args:
        window: the clip.
        families: what is measured.

    Attributes:
        found: what was, once both streams have left the clip.
    """

    def __init__(self, window: Window, families: Sequence[type[Meter]]) -> None:
        self.window = window
        self.found: dict[str, Value | Absent] = {}
        self._families = families
        self._meters: dict[type[Meter], Meter] = {}
        self._has, self._streams = AV.both(False), 2
        self._seconds = Frames(max(window.sample_rate, 1), max(window.sample_rate, 1))

    def see(self, picture: Picture) -> None:
        """Take a picture of the clip."""
        self._has = AV(True, self._has.audio)
        for meter in self._begun():
            if meter.needs.video:
                meter.see(picture)

    def hear(self, sound: Sound) -> None:
        """Take what lies within the clip of a stretch of sound.

        Meters are given whole seconds of the clip, so that not one bit of their sums depends on how the film came.
        """
        begin = max(self.window.span.first_sample - sound.index, 0)
        stop = self.window.span.first_sample + self.window.span.samples - sound.index
        seconds = self._seconds.of(sound.samples[:, begin:stop])
        for index in range(seconds.shape[1]):
            self._give(seconds[:, index])

    def leave(self) -> None:
        """One of the two streams has left the clip."""
        self._streams -= 1
        if self._streams:
            return
        if self._seconds.rest is not None and self._seconds.rest.size:
            self._give(self._seconds.rest)
        for family in self._families:
            self.found |= self._values(family)
        self._meters, self._seconds.rest = {}, None

    def _give(self, samples: np.ndarray) -> None:
        self._has = AV(self._has.video, True)
        for meter in self._begun():
            if meter.needs.audio:
                meter.hear(samples)

    def _begun(self) -> Iterable[Meter]:
        if not self._meters:
            span = self.window.span
            self._meters = {
                family: family(self.window) for family in self._families if span.samples or not family.needs.audio
            }
        return self._meters.values()

    def _values(self, family: type[Meter]) -> dict[str, Value | Absent]:
        lacking = self._has.map(lambda has, needed: needed and not has, family.needs)
        if lacking.video or lacking.audio:
            return {measure.name: NO_PICTURE if lacking.video else NO_SOUND for measure in family.gives}
        return self._meters[family].values()


class Sweep:
    """The clips that one stream is within, as it moves on.

    Args:
        bounds: first and past-the-last place of each clip in the stream's own count, and the clip.
    """

    def __init__(self, bounds: Iterable[tuple[int, int, Passing]]) -> None:
        self._ahead = deque(sorted(bounds, key=itemgetter(0)))
        self._inside: list[tuple[int, int, Passing]] = []

    def over(self, first: int, stop: int) -> Iterator[Passing]:
        """The clips that share something with ``first .. stop``; those that end before are left."""
        while self._ahead and self._ahead[0][0] < stop:
            self._inside.append(self._ahead.popleft())
        left = [clip for _, end, clip in self._inside if end <= first]
        self._inside = [bounds for bounds in self._inside if bounds[1] > first]
        for clip in left:
            clip.leave()
        return (clip for _, _, clip in self._inside)

    @property
    def is_over(self) -> bool:
        """Every clip has been left."""
        return not self._ahead and not self._inside

    def end(self) -> None:
        """The stream has ended: the rest is left."""
        for _, _, clip in (*self._inside, *self._ahead):
            clip.leave()
        self._inside, self._ahead = [], deque()

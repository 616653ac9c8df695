"""How much moves.

Pictures a tenth of a second apart are compared, or successive ones where the film has fewer, and what they change is
divided by the time between them: so neither the frame rate nor repeated pictures change the measure, and noise does not
add up. A picture that stays is still.
"""

from __future__ import annotations

from phonofilm.data.ingest.measures._change import change
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.data.ingest.stream import Picture
from phonofilm.pair import AV

STEP = 0.1 - 1e-3
"""Seconds from one compared picture to the next, less the error of time stamps."""
STILL = 0.5
"""A step that changes the picture by less than this, in levels of 0 to 255, is still."""
HELD = 0.5
"""Seconds after which a picture that stays is still, whatever follows it: films of variable rate leave out repeats."""


class Motion(Meter):
    """See the module."""

    version = 1
    gives = (
        Measure("motion", "mean change of the picture in a tenth of a second, levels of 0 to 255 at 64x36"),
        Measure("static_ratio", "share of the time in which that change is below half a level"),
    )
    needs = AV(True, False)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._last: Picture | None = None
        self._changed, self._still, self._seconds = 0.0, 0.0, 0.0

    def see(self, picture: Picture) -> None:
        """Take the clip's next picture."""
        if self._last is None:
            self._last = picture
            return
        passed = (picture.pts - self._last.pts) * self.window.tick
        if passed < STEP:
            return
        changed = change(picture.rgb, self._last.rgb)
        self._last = picture
        self._changed += changed
        self._seconds += passed
        self._still += passed if changed < STILL else max(passed - HELD, 0)

    def values(self) -> dict[str, Value | Absent]:
        """Means over the clip."""
        if self._last is not None:
            held = max((self.window.span.end_pts - self._last.pts) * self.window.tick - HELD, 0)
            self._seconds, self._still = self._seconds + held, self._still + held
        if not self._seconds:
            return {measure.name: Absent("the clip is shorter than a tenth of a second") for measure in self.gives}
        return {"motion": 0.1 * self._changed / self._seconds, "static_ratio": self._still / self._seconds}


meter = Motion

"""Onsets of the sound, and how far from sudden motion they lie.

The offset is the lag at which the strength of onsets agrees best with sudden motion: with pictures that change more
against the last one than both their neighbours do, as a stick does where it hits. It is a weak measure: in clips of
single blows it is right to about 50 ms (motion is fastest just before the blow), in clips of even strokes a stroke off,
and where nothing is seen to make the sound it is chance. Its confidence, by how much the best lag is better than any
other, tells these apart only roughly. Rules on it should therefore be loose; a plug-in of a trained judge is better.
"""

from __future__ import annotations

from array import array

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from phonofilm.data.ingest.measures._change import change
from phonofilm.data.ingest.measures._meter import Absent, Measure, Meter, Value, Window
from phonofilm.data.ingest.measures._onsets import AROUND, RATE, Onsets, onsets
from phonofilm.data.ingest.stream import Picture
from phonofilm.pair import AV

REACH = 1.0
"""Offsets are sought up to this many seconds either way."""
SHORTEST = 1.0
"""Seconds of a clip below which no offset is sought."""
APART = 0.1
"""Lags at least this far apart, in seconds, are different ones."""
BLUR = 0.02
"""Standard deviation, in seconds, by which onsets are blurred: pictures do not tell their times better."""
SLOW = 0.5
"""The same of what counts as the usual amount of sudden motion, which is subtracted."""


class Sync(Meter):
    """See the module."""

    version = 1
    gives = (
        Measure("onsets", "number of sudden beginnings in the sound"),
        Measure("av_offset", "estimate of how much later the sound is than the picture, seconds; weak"),
        Measure("av_confidence", "correlation at that offset, less the best one elsewhere, 0 to 1"),
    )
    needs = AV(True, True)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._onsets = Onsets(window.sample_rate)
        self._last: np.ndarray | None = None
        self._times, self._changes = array("d"), array("f")

    def see(self, picture: Picture) -> None:
        """Take the clip's next picture."""
        if self._last is not None:
            self._times.append(self.window.seen(picture.pts))
            self._changes.append(change(picture.rgb, self._last))
        self._last = picture.rgb

    def hear(self, samples: np.ndarray) -> None:
        """Take the clip's next sound."""
        self._onsets.hear(samples)

    def values(self) -> dict[str, Value | Absent]:
        """The number of onsets, and the offset where there is something to go by."""
        strength = self._onsets.strength()
        count = len(onsets(strength))
        offset, confidence = self._offset(strength) if count else _neither("no onset is heard")
        return {"onsets": count, "av_offset": offset, "av_confidence": confidence}

    def _offset(self, strength: np.ndarray) -> tuple[Value | Absent, Value | Absent]:
        if len(strength) < SHORTEST * RATE or len(self._changes) < 3:
            return _neither(f"the clip is shorter than {SHORTEST:g} s")
        heard = self._onsets.time(np.arange(len(strength))) + self.window.first_heard
        motion = np.interp(heard, self._times, sudden(np.array(self._changes)), left=0, right=0)
        if not motion.any():
            return _neither("nothing moves suddenly")
        step = float(heard[1] - heard[0])
        lag, confidence = best_lag(standing_out(strength, step), motion - blurred(motion, SLOW / step), step)
        return lag, confidence


def _neither(why: str) -> tuple[Absent, Absent]:
    return Absent(why), Absent(why)


def sudden(changes: np.ndarray) -> np.ndarray:
    """How much more each picture changes than its neighbours do; compressed by a square root."""
    more = 2 * changes[1:-1] - changes[:-2] - changes[2:]
    return np.sqrt(np.maximum(np.pad(more, 1), 0))


def standing_out(strength: np.ndarray, step: float) -> np.ndarray:
    """What rises above its surroundings in strengths ``step`` seconds apart, blurred and without its mean."""
    above = np.maximum(strength - uniform_filter1d(strength.astype(np.float64), AROUND) - 1, 0)
    soft = blurred(above, BLUR / step)
    return soft - soft.mean()


def blurred(values: np.ndarray, steps: float) -> np.ndarray:
    """Blurred by a normal distribution of that many steps."""
    return gaussian_filter1d(values, steps)


def best_lag(sound: np.ndarray, motion: np.ndarray, step: float) -> tuple[float, float]:
    """By how many seconds ``sound`` follows ``motion``, both ``step`` seconds apart, and by how much that lag is best.

    Of equally good lags the one nearest to 0 is taken.
    """
    reach = round(REACH / step)
    lags = np.arange(-reach, reach + 1)
    scale = np.linalg.norm(sound) * np.linalg.norm(motion) or 1.0
    padded = np.pad(sound, reach)
    agree = np.array([padded[reach + lag : reach + lag + len(motion)] @ motion for lag in lags]) / scale
    best = min(np.flatnonzero(agree >= agree.max() - 1e-9), key=lambda index: abs(lags[index]))
    elsewhere = agree[np.abs(lags - lags[best]) > APART / step].max(initial=0.0)
    return float(lags[best] * step), float(np.clip(agree[best] - elsewhere, 0, 1))


meter = Sync

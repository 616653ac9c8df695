"""How far sound and picture are apart in time, in milliseconds, for any clips: the headline number of sync.

``sync-error``, of each clip, is the size of the lag of the sound at which the picture shows most evidence of events at
the times of the heard ones; over clips, the mean. Sounds are the events of the ruler's ear. The picture's evidence is a
curve over frames: the events of the ruler's eye, each a bump of 0.6 frames, and the *drop of motion*, by how much less
changes after a frame than before it (mean absolute difference of neighbouring grey pictures of 64 by 64 pixels), since
what strikes something stops. Both are standardised over the clip and added, the drop at half its size, since at few
frames a second it is the noisier one; the sum is standardised again. The value of frame i belongs to its middle,
(i + 1/2) / fps. Above 32 frames a second, groups of frames are averaged first. At a lag, the evidence is read, between
frames linearly, where each sound would be without it, and averaged over sounds; lags from -600 to 600 ms are tried in
steps of 5 ms. A clip in which only one side holds anything counts 600 ms, the largest lag, so that no system gains by
silence: wrong sound has about 300. One in which neither does has nothing to be in time with, and does not count.

``sync-offset`` is its signed companion, of the set: the lag at which the mean over clips of all those curves is highest
(of lags that fit alike the smallest); positive where the sound is late. Chance, of ``sync-error``: each picture with
the sound of another clip; a signed lag has none, since by chance it may be anything, 0 too. A picture whose drops of
motion vary by no more than 0.05 of 255 grey levels stands still, and shows none.

Traps. The lag of a single film is uncertain: a regular beat fits at every multiple of its period, and real films in
which something moves between sounds may fit best far away. The mean over many clips is what counts. Of a handful of
real films read ``sync-offset``: six films of impacts in time have an error of 179 ms, least with their sound 67 ms
early, while their offset is -5 ms and follows every shift (docs/rulers.md). On Clapperboard a shift adds to the error
what it is, and sound in time has 10 ms of it at 24 frames a second, 18 at 12, 27 at 8, and 100 at 4, so only films of
one rate can be compared closely. Pictures that stand several times, as of a film of 8 frames a second that was written
at 24, stop at each repetition: bring such films to their own rate first. Jitter of single events counts for about 1.5
times its deviation. Speech, and all sound that begins without anything stopping, is judged by chance; so are sounds in
noise as loud as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from phonofilm.errors import MediaError
from phonofilm.estimate import mean, peak
from phonofilm.metrics._maths.match import REACH
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._ruler.detect import events
from phonofilm.metrics._ruler.ear import RESAMPLER
from phonofilm.metrics._ruler.eye import Eye
from phonofilm.metrics._ruler.store import ruler
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

SIDE = 64
"""Motion is measured in pictures of this height and width."""
FASTEST = 32
"""Frames a second that motion is measured between; faster films are averaged over groups of frames."""
STEP = 0.005
LAGS = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
"""Lags of the sound that are tried, in seconds."""
ALONE = 1000 * REACH
"""What a clip counts in ms in which nothing is heard to what is seen, or seen to what is heard: the largest lag."""
DROP = 0.5
"""What a drop of motion counts beside an event that the eye sees."""
STILL = 0.05
"""Grey levels of 255 by which drops of motion must vary: what a codec makes of pictures that stand still varies by
less, and what strikes something by several times as much."""
_ROUNDING = 1e-9  # of evidence: lags of regular beats fit alike
NOTHING = "in no clip is anything heard or seen to happen: choose clips in which something does"
ONE_SIDED = "in no clip is anything both heard and seen to happen: choose clips in which something is"


@dataclass(frozen=True, eq=False)
class Sides:
    """What one clip says about time.

    Attributes:
        evidence: of events in each frame, with mean 0 and deviation 1, or 0 throughout, ``(frames,)``.
        rate: of the frames, a second.
        heard: times of the sounds in seconds.
    """

    evidence: np.ndarray
    rate: float
    heard: np.ndarray


class _Motion:
    """The reading of how much changes from frame to frame (or group), ``(frames - 1,)``."""

    uses = AV(True, False)
    id = f"change-{SIDE}-{FASTEST}fps@1"

    def __call__(self, subject: Subject) -> Arrays:
        frames, group = subject.whole().video, _group(subject)
        if len(frames) < 3 * group:
            raise MediaError("motion stops between three frames at least: choose a longer clip")
        grey = [cv2.cvtColor(_small(frame), cv2.COLOR_RGB2GRAY) for frame in frames[: len(frames) // group * group]]
        pictures = np.stack(grey).astype(np.float32).reshape(-1, group, SIDE, SIDE).mean(axis=1)
        return {"change": np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2), dtype=np.float64)}


_MOTION = _Motion()


def sides(subject: Subject) -> Sides:
    """Evidence and sounds of a clip.

    Raises:
        MediaError: if picture or sound is missing, or there are fewer than three frames.
    """
    change, found = subject.read(_MOTION)["change"], events(subject)
    rate = float(subject.facts.fps / _group(subject))
    frames = np.arange(len(change) + 1)
    seen = np.exp(-0.5 * ((frames[None, :] + 0.5 - found.video[:, None] * rate) / Eye.sharpness) ** 2).sum(axis=0)
    drop = np.pad(np.maximum(change[:-1] - change[1:], 0), 1)
    return Sides(_standard(_standard(seen) + DROP * _standard(drop, STILL)), rate, found.audio)


def curve(picture: Sides, sound: Sides) -> np.ndarray:
    """Evidence in the one clip's picture at the other's (or its own) sounds, by lag: ``(len(LAGS),)``."""
    seconds = len(picture.evidence) / picture.rate
    heard = sound.heard[sound.heard < seconds]
    if not len(heard):
        return np.zeros(len(LAGS))
    at = heard[:, None] - LAGS[None, :]
    middles = (np.arange(len(picture.evidence)) + 0.5) / picture.rate
    read = np.interp(at, middles, picture.evidence)
    return np.where((at >= 0) & (at <= seconds), read, 0.0).mean(axis=0)


def error(lags: np.ndarray) -> float:
    """Size of the lag at the top of a curve in ms, of several the least; ``ALONE`` for a curve without one."""
    tops = np.abs(LAGS[lags >= lags.max() - _ROUNDING])
    return float(1000 * tops.min()) if lags.any() else ALONE


class SyncError(Metric[Sides]):
    """See the module."""

    name = "sync-error"
    version = 4
    source = OURS
    uncounted = "in it nothing is heard or seen to happen"
    gives = (name, "sync-offset")

    def __init__(self) -> None:
        self.about = About(extractor=ruler(), resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Sides | None:
        """Evidence and sounds of one clip; ``None`` if it holds neither.

        Raises:
            MediaError: if picture or sound is missing, or there are fewer than three frames.
        """
        found = sides(subject)
        return found if len(found.heard) or found.evidence.any() else None

    def scores(self, measured: Sequence[Sides], reference: Sequence[Sides] | None, seed: int) -> list[Score]:
        """``sync-error`` and ``sync-offset``."""
        own = list(measured)
        curves = np.array([curve(one, one) for one in own]).reshape(len(own), len(LAGS))
        mixed = [
            error(curve(one, own[other]))
            for partner in derangements(len(own), seed)
            for one, other in zip(own, partner, strict=True)
        ]
        sizes, alone = [error(lags) for lags in curves], np.array(~curves.any(axis=1))
        size = mean(sizes, seed, empty=NOTHING)
        offset = peak(curves, 1000 * LAGS, seed, empty=ONE_SIDED if own else NOTHING)
        return [
            Score.of(
                self,
                self.name,
                size,
                Better.LOWER,
                n=len(own),
                seed=seed,
                unit="ms",
                chance=float(np.mean(mixed)) if mixed else None,
                note=_on_the_one_sided(np.array(sizes), alone) if alone.any() else "",
            ),
            Score.of(self, "sync-offset", offset, Better.NEARER_ZERO, n=offset.n, seed=seed, unit="ms"),
        ]


def _on_the_one_sided(sizes: np.ndarray, alone: np.ndarray) -> str:
    """What clips count of which the picture or the sound says nothing, and what the others are."""
    others = "" if alone.all() else f"; the others have {sizes[~alone].mean():.3g} ms"
    return f"in {alone.sum()} of {len(alone)} clips only one side holds anything; each counts {ALONE:g} ms{others}"


def _group(subject: Subject) -> int:
    return ceil(subject.facts.fps / FASTEST)


def _small(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _standard(values: np.ndarray, least: float = 1e-9) -> np.ndarray:
    """Values with mean 0 and deviation 1; all 0 where they deviate by no more than ``least``."""
    centred, spread = values - values.mean(), values.std()
    return centred / spread if spread > least else np.zeros_like(centred)


metric = SyncError

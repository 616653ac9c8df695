"""How much of the clips is silent: below -60 dBFS.

Sound is cut into windows of 50 ms; one is silent if its mean square over time and channels is below 1e-6, that is 60 dB
below a square wave at full scale (57 dB below a sine). ``silence`` is the share of silent windows, the mean over clips;
``silence-clips`` the share of clips that are silent throughout. Lower is better where the prompts ask for sound: the
reference tells how silent true clips are. Hum and hiss above -60 dBFS are no silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phonofilm.estimate import mean
from phonofilm.metrics._score import OURS, Better, Metric, Score
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

WINDOWS_A_SECOND = 20
POWER = 1e-6
NO_CLIPS = "there are no clips to score"


def powers(audio: np.ndarray, rate: int) -> np.ndarray:
    """Mean squares of the windows of a sound ``(channel, sample)``, ``(window,)``; the last one may be shorter."""
    starts = np.arange(0, audio.shape[1], rate // WINDOWS_A_SECOND)
    sums = np.add.reduceat(np.square(audio, dtype=np.float64).mean(axis=0), starts)
    return sums / np.diff(starts, append=audio.shape[1])


class _Powers:
    """The reading of :func:`powers`."""

    id = "powers-50ms@1"

    def __call__(self, subject: Subject) -> Arrays:
        subject.check(AV(False, True))
        assert subject.clip.audio is not None
        return {"powers": powers(subject.clip.audio, subject.clip.sample_rate)}


POWERS = _Powers()


class Silence(Metric[float]):
    """See the module."""

    name = "silence"
    version = 1
    uses = AV(False, True)
    source = OURS
    gives = (name, f"{name}-clips")

    def measure(self, subject: Subject) -> float:
        """The share of one clip's windows that are silent.

        Raises:
            MediaError: if there is no sound at all.
        """
        return float((subject.read(POWERS)["powers"] < POWER).mean())

    def scores(self, measured: Sequence[float], reference: Sequence[float] | None, seed: int) -> list[Score]:
        """``silence`` and ``silence-clips``."""
        shares = list(measured)
        rows = zip(self.gives, (shares, [float(share == 1) for share in shares]), strict=True)
        return [
            Score.of(self, name, mean(values, seed, empty=NO_CLIPS), Better.LOWER, n=len(shares), seed=seed)
            for name, values in rows
        ]


metric = Silence

"""Integrated loudness (ITU-R BS.1770-4) relative to broadcasting's target, the 0 LU of EBU R 128: -23 LUFS.

Sound at its own rate goes through the two filters of K-weighting; the mean square of each channel over blocks of 400 ms
every 100 ms is summed with weights of 1, and 1.41 for surround channels; the bass channel of 5.1 does not count. Blocks
below -70 LUFS are left out, then those more than 10 LU below the mean of the rest; the mean of what is left is the
loudness, ``-0.691 + 10 log10`` of it. The mean over clips, in LU; add -23 for LUFS.

Nearer to 0 is nearer to what broadcasters ask for, and no better in itself: films on the web are around 9 LU louder.
What counts is the difference from the reference clips, whose loudness stands beside it. Clips without any block above
-70 LUFS have no loudness and do not count; ``silence`` counts them.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import sosfilt

from phonofilm.errors import MediaError
from phonofilm.metrics._kinds.per_clip import PerClip
from phonofilm.metrics._score import Better, Source
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

TARGET = -23.0
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
STEPS_A_SECOND, STEPS_A_BLOCK = 10, 4
SURROUND = 1.41
WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    5: (1.0, 1.0, 1.0, SURROUND, SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND),
}
"""By number of channels: left, right, centre, (bass,) left and right surround, in the order that films have them in."""


def k_weighting(rate: int) -> np.ndarray:
    """Both filters of K-weighting as second-order sections ``(2, 6)``.

    The recommendation gives coefficients for 48 kHz alone. These are the analogue filters behind them, a high shelf and
    a high pass, brought to any rate by the bilinear transform; their constants are those of libebur128
    (``ebur128/ebur128.c``, MIT) and agree with the recommendation at 48 kHz to 1e-8.
    """
    k, gain = np.tan(np.pi * 1681.974450955533 / rate), 10 ** (3.999843853973347 / 20)
    q, middle = 0.7071752369554196, gain**0.4996667741545416
    over = 1 + k / q + k * k
    shelf = (gain + middle * k / q + k * k, 2 * (k * k - gain), gain - middle * k / q + k * k)
    first = [*(b / over for b in shelf), 1.0, 2 * (k * k - 1) / over, (1 - k / q + k * k) / over]
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    over = 1 + k / q + k * k
    second = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / over, (1 - k / q + k * k) / over]
    return np.array([first, second])


def blocks(audio: np.ndarray, rate: int) -> np.ndarray:
    """Weighted mean squares of all blocks of 400 ms of a sound ``(channel, sample)``, ``(block,)``.

    Raises:
        MediaError: for less than 400 ms, or channels whose places are not known.
    """
    if len(audio) not in WEIGHTS:
        raise MediaError(f"loudness of {len(audio)} channels is not defined here: mix them to 1, 2, 3, 5 or 6")
    heard = np.asarray(sosfilt(k_weighting(rate), audio.astype(np.float64), axis=1))
    bounds = np.arange(1 + audio.shape[1] * STEPS_A_SECOND // rate) * rate // STEPS_A_SECOND
    if len(bounds) <= STEPS_A_BLOCK:
        raise MediaError("loudness needs at least 0.4 s of sound: choose a longer clip")
    sums = np.pad((np.array(WEIGHTS[len(audio)]) @ heard**2).cumsum(), (1, 0))[bounds]
    return (sums[STEPS_A_BLOCK:] - sums[:-STEPS_A_BLOCK]) / (bounds[STEPS_A_BLOCK:] - bounds[:-STEPS_A_BLOCK])


def integrated(powers: np.ndarray) -> float | None:
    """Loudness in LUFS of blocks' mean squares; ``None`` if all are below -70 LUFS."""
    loud = powers[_lufs(powers) > ABSOLUTE_GATE]
    if not len(loud):
        return None
    louder = loud[_lufs(loud) > _lufs(loud.mean()) + RELATIVE_GATE]
    return float(_lufs(louder.mean()))


def _lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-20))


class _Blocks:
    """The reading of :func:`blocks`."""

    id = "loudness-blocks@1"

    def __call__(self, subject: Subject) -> Arrays:
        subject.check(AV(False, True))
        assert subject.clip.audio is not None
        return {"blocks": blocks(subject.clip.audio, subject.clip.sample_rate)}


BLOCKS = _Blocks()


class Loudness(PerClip):
    """See the module."""

    name = "loudness"
    version = 1
    uncounted = "it is silent"
    uses = AV(False, True)
    better = Better.NEARER_ZERO
    unit = "LU"
    none_counts = "no clip has sound above -70 LUFS: score clips that can be heard"
    source = Source("ITU-R BS.1770-4, EBU R 128", "jiixyj/libebur128 ebur128/ebur128.c", "MIT")

    def measure(self, subject: Subject) -> float | None:
        """The loudness of one clip above -23 LUFS; ``None`` if it is silent.

        Raises:
            MediaError: if there is no sound, or too little of it.
        """
        found = integrated(subject.read(BLOCKS)["blocks"])
        return None if found is None else found - TARGET


metric = Loudness

"""Log-spectral distance between each clip's sound and that of the reference clip of the same name.

The mean over time of the root of the mean over frequency of ``log10(T^2 / (E + 1e-12)^2 + 1e-12)^2``, with ``T`` and
``E`` the magnitudes of the reference's and the clip's short-time spectrum: mono, 16 kHz, periodic Hann windows of 743
samples (46 ms) every 160, centred with silence around. So haoheliu/ssr_eval (``ssr_eval/metrics.py``) computes it for
NVSR (arXiv 2203.14941) at 16 kHz, and audioldm_eval with it; the distance itself is older (Gray and Markel 1976). Both
sounds count as long as the shorter one lasts. Lower is better; 1 is a mean error of 10 dB.

It is for sounds that should be the same, wave by wave: codecs, restoration, extension. Two takes of one event are far
apart, and so are equal sounds 50 ms apart. Digital silence is very dear: 12 where the reference is silent, and by the
formula's constants where both are; mostly more where the clip alone is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phonofilm.metrics._features._sound import mono, resampler
from phonofilm.metrics._kinds.paired import Named, Paired
from phonofilm.metrics._score import About, Better, Score, Source
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

SAMPLE_RATE = 16_000
WINDOW = int(2048 / (44_100 / SAMPLE_RATE))
HOP = SAMPLE_RATE // 100
EPSILON = 1e-12


class _Mono:
    """The reading of sound in one channel at 16 kHz."""

    id = f"mono-{SAMPLE_RATE}-soxr-hq@1"

    def __call__(self, subject: Subject) -> Arrays:
        subject.check(AV(False, True))
        return {"sound": mono(subject.clip, SAMPLE_RATE)}


MONO = _Mono()


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Magnitudes float64 ``(1 + sample // HOP, 1 + WINDOW // 2)`` of a sound ``(sample,)``."""
    padded = np.pad(sound.astype(np.float64), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.abs(np.fft.rfft(frames * hann, axis=1))


def distance(sound: np.ndarray, true: np.ndarray) -> float:
    """Between two sounds ``(sample,)`` at 16 kHz, as long as the shorter one lasts."""
    length = min(len(sound), len(true))
    made, wanted = spectrum(sound[:length]), spectrum(true[:length])
    apart = np.log10(wanted**2 / (made + EPSILON) ** 2 + EPSILON) ** 2
    return float(np.sqrt(apart.mean(axis=1)).mean())


def has_digital_silence(sound: np.ndarray) -> bool:
    """Whether some window of a sound ``(sample,)`` holds nothing."""
    loud = np.flatnonzero(sound)
    return bool(np.diff(loud, prepend=-1, append=len(sound)).max() > WINDOW)


class LogSpectralDistance(Paired):
    """See the module."""

    name = "log-spectral-distance"
    version = 1
    uses = AV(False, True)
    better = Better.LOWER
    source = Source(
        "arXiv 2203.14941 after Gray and Markel 1976",
        "haoheliu/ssr_eval ssr_eval/metrics.py",
        "none: formula only",
    )
    about = About(resampler=resampler(SAMPLE_RATE))

    def features(self, subject: Subject) -> np.ndarray:
        """The sound in one channel at 16 kHz, ``(sample,)``.

        Raises:
            MediaError: if there is none.
        """
        return subject.read(MONO)["sound"]

    def scores(self, measured: Sequence[Named], reference: Sequence[Named] | None, seed: int) -> list[Score]:
        """The mean; a note says how many clips have a part in it that is dear by the formula's constants alone."""
        (score,) = super().scores(measured, reference, seed)
        silent = sum(has_digital_silence(one.features) for one in reference or ())
        told = f"{silent} of {len(reference or ())} reference clips hold digital silence"
        return [replace(score, note=f"{told}, which counts 12 while it lasts, even in equal clips" if silent else "")]

    def compare(self, own: np.ndarray, true: np.ndarray) -> float:
        """See :func:`distance`."""
        return distance(own, true)


metric = LogSpectralDistance

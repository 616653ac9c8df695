"""Onsets of a sound with their confidence, as the evaluations of CondFoleyGen and MMAudio take and match them.

``librosa.onset.onset_detect`` on the waveform, mono at 22,050 Hz, in samples (on its grid of 512 of them, 23 ms), with
a threshold of 0.3; other settings are librosa's. The waveform is scaled to 0 .. 1; an onset's *height* is its value
there, its *confidence* the greatest value within 50 ms. Onsets less than 50 ms from a surer one are taken out, in the
public code from the very list that is being gone through, so that the one after each that goes is passed over.

Each reference onset in order of time takes, of the onsets still free that are less than a window away, the highest.
Once none is free the public code leaves its loop, and the reference onsets that come later count for nothing.

Public code: ``predict_onset.py`` of github.com/XYPB/CondFoleyGen (MIT), ``eval_onsets.py`` of MMAudio (MIT). In both,
an onset within 50 ms of the beginning stops the program (an empty slice); here what is near it begins with the sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from phonofilm.media.resample import resample_audio
from phonofilm.metrics._features.peaks import SAMPLE_RATE, librosa_onset
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

THRESHOLD = 0.3
NEAR = int(0.05 * SAMPLE_RATE)
"""Samples on each side of an onset that its confidence is taken from."""
CLOSEST = 0.05 * SAMPLE_RATE
"""Samples between onsets that both stay."""
PLACE, CONFIDENCE, HEIGHT = range(3)
"""Columns of onsets, ``(n, 3)``."""


@dataclass(frozen=True)
class Onsets:
    """The reading of onsets ``(n, 3)``: place in samples, confidence and height.

    Attributes:
        signed: scale the waveform as it is, so that silence is in the middle; else its size.
        seconds: so much of the sound counts; 0: all.
    """

    signed: bool
    seconds: int = 0

    uses: ClassVar[AV[bool]] = AV(False, True)

    @property
    def id(self) -> str:
        """See :class:`phonofilm.metrics.Reading`."""
        scaled = "signed" if self.signed else "size"
        return f"onsets-confidence-{THRESHOLD:g}-{scaled}-{self.seconds}s-{SAMPLE_RATE}-soxr-hq@1"

    def __call__(self, subject: Subject) -> Arrays:
        """See the class."""
        audio, rate = subject.clip.audio, subject.clip.sample_rate
        assert audio is not None  # metrics say that they use it
        sound = resample_audio(audio.mean(axis=0, keepdims=True), rate, SAMPLE_RATE)[0]
        sound = sound[: self.seconds * SAMPLE_RATE or None]
        detect = librosa_onset().onset_detect
        places = np.asarray(detect(y=sound, sr=SAMPLE_RATE, units="samples", delta=THRESHOLD), np.int64)
        return {"onsets": rated(sound if self.signed else np.abs(sound), places)}


def rated(wave: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Onsets ``(n, 3)`` at these places of a waveform, which is scaled to 0 .. 1 first."""
    scaled = (wave - wave.min()) / (wave.max() - wave.min() + 1e-6)
    rows = [(at, scaled[max(0, at - NEAR) : at + NEAR].max(), scaled[min(at, len(wave) - 1)]) for at in places]
    return np.array(rows, np.float64).reshape(-1, 3)


def thinned(onsets: np.ndarray) -> np.ndarray:
    """Those that stay, in order of time; see the module."""
    left, stay = onsets[:, PLACE].tolist(), []
    for index in np.argsort(onsets[:, CONFIDENCE])[::-1]:
        place = onsets[index, PLACE]
        if place in left:
            stay.append(int(index))
            left.remove(place)
            for other in left:
                if abs(place - other) < CLOSEST:
                    left.remove(other)  # as published
    return onsets[sorted(stay, key=lambda index: onsets[index, PLACE])]


@dataclass(frozen=True)
class Matched:
    """What became of a clip's onsets.

    Attributes:
        true: for each onset that counts whether it is one of the reference.
        confidence: of the onset of the clip; 0 for a reference onset without one.
        hits: reference onsets that found one.
    """

    true: np.ndarray
    confidence: np.ndarray
    hits: int


def matched(own: np.ndarray, reference: Sequence[float], window: float, heights: np.ndarray | None = None) -> Matched:
    """Match the onsets of a clip with those of its reference; see the module.

    Args:
        own: onsets ``(n, 3)`` of the clip.
        reference: places of the others in samples, rising.
        window: in samples.
        heights: of all ``own``, by the place in the list of *free* ones: MMAudio looks the height up in the wrong list.
            ``None``: each onset's own.
    """
    free, true, confidence, hits = list(range(len(own))), [], [], 0
    for place in reference:
        near = [spot for spot, index in enumerate(free) if abs(own[index, PLACE] - place) < window]
        true.append(True)
        if not near:
            confidence.append(0.0)
            continue
        rank = [own[free[spot], HEIGHT] if heights is None else heights[spot] for spot in near]
        taken = free.pop(near[int(np.argsort(rank)[-1])])
        confidence.append(own[taken, CONFIDENCE])
        hits += 1
        if not free:
            break
    true += [False] * len(free)
    confidence += [own[index, CONFIDENCE] for index in free]
    return Matched(np.array(true, bool), np.array(confidence, np.float64), hits)

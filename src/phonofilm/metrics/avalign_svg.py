"""AV-Align in the precision and recall form of SVG (arXiv 2409.17550), after TempoTokens (arXiv 2309.16429).

Sound peaks: ``librosa.onset.onset_detect`` on ``librosa.onset.onset_strength``, defaults, mono at 22,050 Hz (mean of
the channels, soxr HQ). Picture peaks: strict local maxima of the mean magnitude of Farneback's optical flow between
neighbouring grey frames at the film's own size (pyramid scale 0.5, 3 levels, window 15, 3 iterations, neighbourhood
5, sigma 1.2, flags 0); the first value stands twice, so that value i belongs to frame i at i / fps seconds. A peak
is matched if any peak of the other kind lies strictly within one frame of it. With P the matched share of sound
peaks and R that of picture peaks, a clip scores P R / (P + R - P R), and 0 if it has no peaks of a kind or none
match. Scores are means over clips.

It is kept for comparison with published numbers: motion has peaks that make no sound, so true clips stay far below 1.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from filelock import FileLock

from phonofilm.errors import MediaError
from phonofilm.estimate import mean
from phonofilm.media.resample import resample_audio
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import About, Better, Metric, Score, Source
from phonofilm.metrics._subject import Arrays, Subject

SAMPLE_RATE = 22_050
NO_CLIPS = "there are no clips to score"


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of one clip: times in seconds, and how near they must be."""

    picture: np.ndarray
    sound: np.ndarray
    window: float


@dataclass(frozen=True)
class Alignment:
    """Matched shares of sound peaks (precision) and picture peaks (recall), and the score."""

    precision: float
    recall: float

    @property
    def iou(self) -> float:
        """P R / (P + R - P R); 0 where both are 0."""
        product = self.precision * self.recall
        return product / (self.precision + self.recall - product) if product else 0.0


def align(peaks: Peaks) -> Alignment:
    """Precision and recall of one clip's peaks."""
    near = np.abs(peaks.sound[:, None] - peaks.picture[None, :]) < peaks.window
    if not near.size:
        return Alignment(0.0, 0.0)
    return Alignment(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))


def sound_peaks(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Onset times in seconds of a sound ``(channel, sample)``."""
    sound = resample_audio(audio.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0]
    onset = librosa_onset()
    strength = onset.onset_strength(y=sound, sr=SAMPLE_RATE)
    return np.asarray(onset.onset_detect(onset_envelope=strength, sr=SAMPLE_RATE, units="time"), np.float64)


@cache
def librosa_onset() -> ModuleType:
    """``librosa.onset``, imported and compiled by one process at a time.

    numba keeps a compiled ufunc in two files that it does not replace together: of two processes that compile
    at once each may win one, and the pair crashes every later process (numba/numba#10128). So the first call
    of each process happens under a lock, which lies where numba keeps those files.
    """
    spec = find_spec("librosa")
    package = Path(spec.origin).parent if spec and spec.origin else Path()
    folder = package if os.access(package, os.W_OK) else Path(tempfile.gettempdir())
    with FileLock(folder / "phonofilm-compiles.lock"):
        from librosa import onset

        chirp = np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) ** 1.5)
        onset.onset_detect(onset_envelope=onset.onset_strength(y=chirp, sr=SAMPLE_RATE), sr=SAMPLE_RATE)
    return onset


class _Onsets:
    """The reading of onset times; see :func:`sound_peaks`."""

    id = f"onsets-librosa-{SAMPLE_RATE}-soxr-hq@1"

    def __call__(self, subject: Subject) -> Arrays:
        return {"times": sound_peaks(subject.whole().audio, subject.clip.sample_rate)}


class _Motion:
    """The reading of mean flow; see :func:`flow`."""

    id = "flow-farneback@1"

    def __call__(self, subject: Subject) -> Arrays:
        return {"flow": flow(subject.whole().video)}


ONSETS, MOTION = _Onsets(), _Motion()


def flow(frames: np.ndarray) -> np.ndarray:
    """Mean flow magnitude in pixels at each of the frames uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: for fewer than two frames.
    """
    if len(frames) < 2:
        raise MediaError("optical flow needs at least two frames: choose a longer clip")
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    sizes = [_motion(before, after) for before, after in pairwise(grey)]
    return np.array([sizes[0], *sizes])


def _motion(before: np.ndarray, after: np.ndarray) -> float:
    """Mean magnitude of Farneback's flow between two grey pictures, in pixels."""
    flow = np.empty((*before.shape, 2), np.float32)  # flags 0: only written
    flow = cv2.calcOpticalFlowFarneback(
        before, after, flow, pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5, poly_sigma=1.2, flags=0
    )
    return float(np.hypot(flow[..., 0], flow[..., 1]).mean())


def strict_maxima(values: np.ndarray) -> np.ndarray:
    """Indices of the values that are greater than both their neighbours."""
    inner = values[1:-1]
    return 1 + np.flatnonzero((inner > values[:-2]) & (inner > values[2:]))


class AvAlignSvg(Metric[Peaks]):
    """See the module."""

    name = "avalign-svg"
    version = 1
    source = Source("arXiv 2409.17550 after 2309.16429", "github.com/SonyResearch/SVG_baseline", "none: formula only")
    about = About(resampler=f"mean of the channels, soxr HQ to {SAMPLE_RATE} Hz")
    gives = (name, f"{name}-precision", f"{name}-recall")

    def measure(self, subject: Subject) -> Peaks:
        """The peaks of one clip.

        Raises:
            MediaError: if picture or sound is missing, or there is only one frame.
        """
        frame = float(1 / subject.facts.fps)
        motion, sounds = subject.read(MOTION)["flow"], subject.read(ONSETS)["times"]
        return Peaks(strict_maxima(motion) * frame, sounds, frame)

    def scores(self, measured: Sequence[Peaks], reference: Sequence[Peaks] | None, seed: int) -> list[Score]:
        """``avalign-svg`` and its precision and recall."""
        true = [align(peaks) for peaks in measured]
        mixed = [
            align(Peaks(one.picture, measured[other].sound, one.window))
            for partner in derangements(len(measured), seed)
            for one, other in zip(measured, partner, strict=True)
        ]
        rows = (
            (self.name, [one.iou for one in true], [one.iou for one in mixed]),
            (f"{self.name}-precision", [one.precision for one in true], [one.precision for one in mixed]),
            (f"{self.name}-recall", [one.recall for one in true], [one.recall for one in mixed]),
        )
        return [
            Score.of(
                self,
                name,
                mean(values, seed, empty=NO_CLIPS),
                Better.HIGHER,
                n=len(values),
                seed=seed,
                chance=float(np.mean(by_chance)) if by_chance else None,
            )
            for name, values, by_chance in rows
        ]


metric = AvAlignSvg

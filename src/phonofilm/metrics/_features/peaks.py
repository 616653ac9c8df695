"""Peaks of motion and of sound, as all forms of AV-Align take them (arXiv 2309.16429).

Sound: ``librosa.onset.onset_detect`` on ``librosa.onset.onset_strength``, defaults, mono at 22,050 Hz (mean of the
channels, soxr HQ), which is what ``librosa.load`` gives. Picture: mean magnitude of Farneback's optical flow between
neighbouring grey frames at the film's own size (pyramid scale 0.5, 3 levels, window 15, 3 iterations, neighbourhood 5,
sigma 1.2, flags 0); the first value stands twice, so that value i belongs to frame i at i / fps seconds. Peaks of the
picture are its strict local maxima.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from filelock import FileLock

from phonofilm.errors import MediaError
from phonofilm.media.resample import resample_audio
from phonofilm.metrics._maths.resample import lasting
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV
from phonofilm.workers import interrupts_later

SAMPLE_RATE = 22_050
RESAMPLER = f"mean of the channels, soxr HQ to {SAMPLE_RATE} Hz"
THREADS = 8
"""At most so many look at one film: each holds 100 bytes a pixel."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of one clip.

    Attributes:
        picture, sound: their times in seconds, rising.
        window: how near they must be, in seconds: a frame.
        seconds: length of the clip.
    """

    picture: np.ndarray
    sound: np.ndarray
    window: float
    seconds: float

    def with_sound_of(self, other: Peaks) -> Peaks:
        """The picture with the sound of another clip, which is cut or goes on from its beginning to last as long."""
        return replace(self, sound=lasting(other.sound, other.seconds, self.seconds))


def peaks(subject: Subject, least: float = 0.0) -> Peaks:
    """The peaks of a clip; those of the picture where it moves by at least ``least`` pixels on average.

    Raises:
        MediaError: if picture or sound is missing, or the picture is too short or too small.
    """
    fps = float(subject.facts.fps)
    motion, sounds = subject.read(MOTION)["flow"], subject.read(ONSETS)["times"]
    found = strict_maxima(motion)
    return Peaks(found[motion[found] >= least] / fps, sounds, 1 / fps, subject.facts.seconds)


def strict_maxima(values: np.ndarray) -> np.ndarray:
    """Indices of the values that are greater than both their neighbours."""
    inner = values[1:-1]
    return 1 + np.flatnonzero((inner > values[:-2]) & (inner > values[2:]))


def sound_peaks(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Onset times in seconds of a sound ``(channel, sample)``."""
    sound = resample_audio(audio.mean(axis=0, keepdims=True), sample_rate, SAMPLE_RATE)[0]
    onset = librosa_onset()
    strength = onset.onset_strength(y=sound, sr=SAMPLE_RATE)
    return np.asarray(onset.onset_detect(onset_envelope=strength, sr=SAMPLE_RATE, units="time"), np.float64)


def flow(frames: np.ndarray) -> np.ndarray:
    """Mean flow magnitude in pixels at each of the frames uint8 ``(frame, height, width, 3)``.

    Several threads share the film (:data:`THREADS`, and as many as OpenCV may use); their number changes no value.

    Raises:
        MediaError: for fewer than two frames, or smaller ones than 10 by 10 pixels.
    """
    count, height, width = frames.shape[:3]
    farneback = compiled_farneback()
    if count < 2:
        raise MediaError("optical flow needs at least two frames: choose a longer clip")
    if min(height, width) < farneback.LEAST:
        raise MediaError(
            f"optical flow needs pictures of {farneback.LEAST} by {farneback.LEAST} pixels, not {width} by {height}: "
            "score the film in its own size"
        )
    threads = max(1, min(cv2.getNumThreads(), THREADS, count - 1))
    ends = np.linspace(0, count - 1, threads + 1).astype(int)

    ended = threading.Event()

    def part(first: int, last: int) -> list[float]:
        wanted = takewhile(lambda _: not ended.is_set(), frames[first : last + 1])
        grey = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in wanted)
        return farneback.Farneback(height, width).sizes(grey)

    with _opencv_alone(), ThreadPoolExecutor(threads) as pool:
        try:
            sizes = np.concatenate(list(pool.map(part, ends[:-1], ends[1:])))
        except BaseException:
            ended.set()  # nobody waits for what nobody will read
            raise
    return np.concatenate([sizes[:1], sizes])


@contextmanager
def _opencv_alone() -> Iterator[None]:
    """OpenCV's functions take one thread each: those of several callers at once would get in each other's way."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@cache
def librosa_onset() -> ModuleType:
    """``librosa.onset``, imported and compiled by one process at a time."""
    with _compiling("librosa"):
        from librosa import onset

        chirp = np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) ** 1.5)
        onset.onset_detect(onset_envelope=onset.onset_strength(y=chirp, sr=SAMPLE_RATE), sr=SAMPLE_RATE)
    return onset


@cache
def compiled_farneback() -> ModuleType:
    """:mod:`phonofilm.metrics._features.farneback`, imported and compiled by one process at a time."""
    with _compiling("phonofilm"):
        from phonofilm.metrics._features import farneback

        farneback.Farneback(farneback.LEAST, farneback.LEAST).sizes([np.zeros((farneback.LEAST,) * 2, np.uint8)] * 2)
    return farneback


@contextmanager
def _compiling(package: str) -> Iterator[None]:
    """Nobody else compiles that package's functions during the block.

    numba keeps what it compiled in two files that it does not replace together: of two processes that compile at once
    each may win one, and the pair crashes every later process (numba/numba#10128). So the first call of each process
    happens under a lock, which lies where numba keeps those files.
    """
    spec = find_spec(package)
    kept = Path(spec.origin).parent / "__pycache__" if spec and spec.origin else Path()
    folder = kept if os.access(kept, os.W_OK) else Path(tempfile.gettempdir())
    with interrupts_later(), FileLock(folder / "phonofilm-compiles.lock"):
        yield


class _Onsets:
    """The reading of onset times; see :func:`sound_peaks`."""

    uses = AV(False, True)
    id = f"onsets-librosa-{SAMPLE_RATE}-soxr-hq@1"

    def __call__(self, subject: Subject) -> Arrays:
        return {"times": sound_peaks(subject.whole().audio, subject.clip.sample_rate)}


class _Motion:
    """The reading of mean flow; see :func:`flow`."""

    uses = AV(True, False)
    id = "flow-farneback@2"

    def __call__(self, subject: Subject) -> Arrays:
        return {"flow": flow(subject.whole().video)}


ONSETS, MOTION = _Onsets(), _Motion()

"""JavisScore (arXiv 2503.23377): how well the worst frames of each window of 2 s go with the sound of that window.

Windows of ``int(2 fps)`` frames every ``int(2 fps) - int(1.5 fps)``, and of 2 s of sound at 16 kHz every 0.5 s; the
last one ends with the clip; as many pairs as the shorter of picture and sound has. A clip no longer than a window
is one window, whole. In each window the cosines between ImageBind's embeddings of the frames and of the sound are
taken, and of their lowest 40 % (``int(0.4 frames)``, at least one) the mean; then the mean over windows, then clips.
Those are the defaults of the benchmark's command (2 s, 1.5 s); its function's own (0.5 s, none) are others.

Where half of fps is not whole, the windows of picture and sound drift apart: at 25 fps those of the picture come
every 0.52 s, so after ten of them the picture is 0.2 s ahead. This is kept, so that published values can be compared;
compare clips of one frame rate only. Windows of 2 s and a network trained on meaning leave little of synchrony.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from phonofilm.metrics._features._openai import first_channel
from phonofilm.metrics._features.imagebind import IMAGEBIND, RATE, ImageBindFrames, Listening
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.agreement import Agreement, Two, cosines
from phonofilm.metrics._score import Source
from phonofilm.metrics._subject import Arrays, Subject

if TYPE_CHECKING:
    from typing_extensions import Self

WINDOW, OVERLAP = Fraction(2), Fraction(3, 2)
LOWEST = Fraction(2, 5)


@dataclass(frozen=True, eq=False)
class Windowed:
    """Frames and the windows that they are looked at in.

    Attributes:
        frames: embeddings ``(frame, d)``.
        starts: first frame of each window.
        count: frames in a window.
    """

    frames: np.ndarray
    starts: list[int]
    count: int


def windows(length: int, rate: Fraction) -> tuple[list[int], int]:
    """Where windows begin, and how long they are, in frames or samples.

    Args:
        length: of the clip.
        rate: frames or samples a second.
    """
    count = int(WINDOW * rate)
    step, last = count - int(OVERLAP * rate), length - count
    if last <= 0:
        return [0], length
    return [min(start, last) for start in range(0, last + step, step)], count


def in_windows(length: int, fps: Fraction, samples: int) -> tuple[list[int], int, list[int], int]:
    """Windows of the picture and windows of the sound; one of each, whole, if either is no longer than a window."""
    seen, frames = windows(length, fps)
    heard, sound = windows(samples, Fraction(RATE))
    if len(seen) == 1 or len(heard) == 1:
        return [0], length, [0], samples
    both = min(len(seen), len(heard))
    return seen[:both], frames, heard[:both], sound


class ImageBindWindows(Listening):
    """Embeddings of the sound's windows, ``sound`` ``(window, d)``, and the frames that they meet."""

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        sound, facts = first_channel(subject, RATE), subject.facts
        seen, frames, heard, samples = in_windows(facts.frames, facts.fps, len(sound))
        found = [self.heard(sound[start : start + samples]) for start in heard]
        return {"sound": np.stack(found), "starts": np.array(seen), "count": np.array(frames)}


class JavisScore(Agreement[Windowed, np.ndarray]):
    """See the module."""

    name = "javisscore"
    version = 1
    source = Source("arXiv 2503.23377", "JavisVerse/JavisDiT eval/javisbench/src", "Apache-2.0")
    weights = (IMAGEBIND,)

    def __init__(self, frames: ImageBindFrames, windows: ImageBindWindows) -> None:
        self.frames, self.windows, self.about = frames, windows, windows.about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the network whose weights are given."""
        return cls(ImageBindFrames(given), ImageBindWindows(given))

    def measure(self, subject: Subject) -> Two[Windowed, np.ndarray]:
        """Embeddings of the frames, and of the sound in each window ``(window, d)``."""
        found = subject.read(self.windows)
        frames = subject.read(self.frames)["features"]
        return Two(Windowed(frames, found["starts"].tolist(), int(found["count"])), found["sound"])

    def agree(self, one: Windowed, other: np.ndarray) -> float:
        """The mean over windows of the mean of the lowest 40 % of cosines."""
        return float(np.mean([self._worst(one, start, heard) for start, heard in zip(one.starts, other, strict=False)]))

    def _worst(self, seen: Windowed, start: int, heard: np.ndarray) -> float:
        found = np.sort(cosines(seen.frames[start : start + seen.count], heard))
        return float(found[: max(int(LOWEST * len(found)), 1)].mean())


metric = JavisScore

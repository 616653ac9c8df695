"""Metrics of the offset between picture and sound that Synchformer finds likeliest."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.metrics._features.synchformer import FPS, RATE, SAMPLES, WEIGHTS, Cut, Offsets, Synchformer
from phonofilm.metrics._given import Given
from phonofilm.metrics._kinds.per_clip import PerClip
from phonofilm.metrics._score import About, Better
from phonofilm.metrics._subject import Reading, Subject
from phonofilm.shapes import nearest

if TYPE_CHECKING:
    from typing_extensions import Self


class DeSync(PerClip):
    """The mean over clips of a number of seconds that a clip's offsets give.

    The network chooses among 21 offsets, 0.2 s apart, so it sees no error below 0.1 s; one that chooses blindly gives
    a mean size of 1.05 s.
    """

    better: ClassVar[Better] = Better.LOWER
    unit = "s"
    weights = (WEIGHTS,)

    def __init__(self, offsets: Reading, about: About) -> None:
        self.offsets, self.about = offsets, about

    @classmethod
    def of(cls, given: Given) -> Self:
        """With the weights that were given."""
        segments = Synchformer(given, cls.cut())
        return cls(Offsets(segments, cls.name, cls.lines), segments.about)

    @staticmethod
    @abstractmethod
    def cut() -> Cut:
        """How clips are cut."""

    @staticmethod
    @abstractmethod
    def lines(segments: int) -> list[list[int]]:
        """Which of so many segments are asked about together."""

    @staticmethod
    def needs() -> Fraction:
        """Seconds of picture and of sound without which a clip cannot be measured."""
        return Fraction(0)

    def measure(self, subject: Subject) -> float:
        """The number of one clip.

        Raises:
            MediaError: if picture or sound is missing or too short.
        """
        subject.whole()
        facts, needs = subject.facts, self.needs()
        frames = nearest(facts.frames * FPS / facts.fps)
        samples = nearest(Fraction(facts.samples * RATE, facts.sample_rate))
        if min(frames, samples // SAMPLES) < needs * FPS:
            seconds = min(facts.frames / facts.fps, Fraction(facts.samples, facts.sample_rate))
            raise MediaError(
                f"{subject.name} has {float(seconds):.3g} s of picture and sound, and {self.name} needs "
                f"{float(needs):g} s: score longer clips"
            )
        return self.number(subject.read(self.offsets)["offset"])

    def number(self, offsets: np.ndarray) -> float:
        """Of a clip's offsets in seconds."""
        return float(np.abs(offsets).mean())

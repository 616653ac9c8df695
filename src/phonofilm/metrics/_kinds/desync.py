"""Metrics of the offset between picture and sound that Synchformer finds likeliest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.estimate import mean
from phonofilm.metrics._features.synchformer import FPS, RATE, SAMPLES, WEIGHTS, Cut, Offsets, Synchformer
from phonofilm.metrics._given import Given
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._score import About, Better, Metric, Score
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV
from phonofilm.shapes import nearest

if TYPE_CHECKING:
    from typing_extensions import Self


WRONG_PAIRS = 500
"""The chance level is the mean of so many wrong pairs at most."""
NO_CLIPS = "there are no clips to score"


@dataclass(frozen=True, eq=False)
class Timed:
    """What one clip adds.

    Attributes:
        number: what its offsets give, in seconds.
        segments: vectors of those that are asked about, float16 ``(segments, 8, 768)`` of the picture and
            ``(segments, 6, 768)`` of the sound, for wrong pairs; ``None`` where chance means nothing.
    """

    number: float
    segments: AV[np.ndarray] | None


class DeSync(Metric[Timed]):
    """The mean over clips of a number of seconds that a clip's offsets give.

    The network chooses among 21 offsets, 0.2 s apart, so it sees no error below 0.1 s; one that chooses blindly gives
    a mean size of 1.05 s.

    Chance: each picture with the sound of another clip, over as many segments as both have. Their segments have been
    looked at already, so a wrong pair costs the last part of the network alone, which is far less than reading a clip.
    There are at most 20 pairs a clip and ``WRONG_PAIRS`` in all, so they take a small part of the time of a first run;
    one that finds its readings kept waits for them on a CPU. Records wait for them on disk, half a megabyte a clip.

    Attributes:
        better: of the score, which is called like the metric.
        has_chance: a number with a sign has no chance level, since by chance it may be anything.
    """

    better: ClassVar[Better] = Better.LOWER
    has_chance: ClassVar[bool] = True
    weights = (WEIGHTS,)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.gives = (cls.name,)

    def __init__(self, offsets: Offsets, about: About) -> None:
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

    def measure(self, subject: Subject) -> Timed:
        """The number of one clip, and what wrong pairs need of it.

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
        number = self.number(subject.read(self.offsets)["offset"])
        return Timed(number, self._asked(subject) if self.has_chance else None)

    def number(self, offsets: np.ndarray) -> float:
        """Of a clip's offsets in seconds."""
        return float(np.abs(offsets).mean())

    def scores(self, measured: Sequence[Timed], reference: Sequence[Timed] | None, seed: int) -> list[Score]:
        """The mean."""
        values = [one.number for one in measured]
        wrong = self._wrong(measured, seed) if self.has_chance else []
        return [
            Score.of(
                self,
                self.name,
                mean(values, seed, empty=NO_CLIPS),
                self.better,
                n=len(values),
                seed=seed,
                unit="s",
                chance=float(np.mean(wrong)) if wrong else None,
            )
        ]

    def _asked(self, subject: Subject) -> AV[np.ndarray]:
        """The vectors of the segments that some line holds; lines take no segment without those before it."""
        found = subject.read(self.offsets.segments)
        last = max(max(line) for line in self.lines(len(found["video"])))
        return AV(found["video"], found["audio"]).map(lambda side: side[: last + 1].astype(np.float16))

    def _wrong(self, measured: Sequence[Timed], seed: int) -> list[float]:
        """The numbers of wrong pairs, which are read one at a time."""
        pairs = ((one, other) for partner in derangements(len(measured), seed) for one, other in enumerate(partner))
        found = []
        for one, other in islice(pairs, WRONG_PAIRS):
            seen, heard = measured[one].segments, measured[int(other)].segments
            assert seen is not None and heard is not None
            found.append(self.number(self.offsets.among({"video": seen.video, "audio": heard.audio})))
        return found

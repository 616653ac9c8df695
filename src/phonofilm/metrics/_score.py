"""What a metric is given, what it must offer, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.estimate import Estimate
from phonofilm.events import Event
from phonofilm.media.clip import Clip
from phonofilm.metrics._detect import Detection, detect
from phonofilm.pair import AV

MeasuredT = TypeVar("MeasuredT")


class Better(str, Enum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEARER_ZERO = "nearer zero"


@dataclass(frozen=True)
class Score:
    """One number of one metric over a set of clips, with what is needed to read it.

    Attributes:
        name: "event-f1-frame", unique among all metrics.
        definition: the metric's name and version, "event-sync@1"; a change of meaning changes the version.
        value: the number; ``None`` if it could not be computed, and then ``reason`` says why.
        unit: "" for shares.
        better: which way is better.
        n: clips that it rests on.
        interval, method: 95 % interval and how it was made, or why there is none.
        chance: value of the same clips with picture and sound (or caption) of different clips paired.
        ceiling: value of the reference clips.
        fps, sample_rate: of the clips, where all agree.
        seed: of resampling and pairing.
        reason: see ``value``.
    """

    name: str
    definition: str
    value: float | None
    unit: str
    better: Better
    n: int
    interval: tuple[float, float] | None = None
    method: str = ""
    chance: float | None = None
    ceiling: float | None = None
    fps: Fraction | None = None
    sample_rate: int | None = None
    seed: int = 0
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError(f"{self.name}: a score has either a value or a reason for having none")

    @classmethod
    def of(
        cls,
        metric: Metric[Any],
        name: str,
        found: Estimate,
        better: Better,
        *,
        n: int,
        seed: int,
        unit: str = "",
        chance: float | None = None,
        ceiling: float | None = None,
    ) -> Score:
        """An estimate as a score of ``metric``."""
        return cls(
            name=name,
            definition=f"{metric.name}@{metric.version}",
            value=found.value,
            unit=unit,
            better=better,
            n=n,
            interval=found.interval,
            method=found.method,
            chance=chance,
            ceiling=ceiling,
            seed=seed,
            reason=found.reason,
        )

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        fps = None if self.fps is None else str(self.fps)
        return {
            **asdict(self),
            "better": self.better.value,
            "interval": self.interval and list(self.interval),
            "fps": fps,
        }


@dataclass(frozen=True)
class Subject:
    """A clip to be scored, with what is known of it.

    Attributes:
        name: for messages; a file name, say.
        clip: picture and sound.
        prompt: the sentence that it should show, if any.
        truth: its true events, if known.
    """

    name: str
    clip: Clip
    prompt: str | None = None
    truth: tuple[Event, ...] | None = None

    def whole(self) -> AV[np.ndarray]:
        """The clip's frames and sound, once it is known that both are there.

        Raises:
            MediaError: if one of them is missing.
        """
        frames, sound = self.clip.frames, self.clip.audio
        if frames is None or not len(frames) or sound is None or not sound.size:
            lacks = "picture" if frames is None or not len(frames) else "sound"
            raise MediaError(
                f"{self.name} has no {lacks}, which its scores need: take it out of the folder, or skip bad clips"
            )
        return AV(frames, sound)

    @cached_property
    def events(self) -> AV[tuple[Detection, ...]]:
        """The events seen and heard, detected once for all metrics.

        Raises:
            MediaError: if picture or sound is missing.
        """
        self.whole()
        return detect(self.clip)


class Metric(Protocol[MeasuredT]):
    """One exact definition: a small record per clip, and scores over many records.

    Attributes:
        name: as users give it; the module is called the same, with underscores.
        version: grows whenever the same clips would get another value.
        needs_codec: it is built with a codec, on whose latents it works.
        needs_reference: it has no value without reference clips.
        gives: names of its scores.
    """

    name: str
    version: int
    needs_codec: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    gives: ClassVar[tuple[str, ...]] = ()

    def measure(self, subject: Subject) -> MeasuredT | None:
        """What the scores need of one clip; ``None`` if it does not count (no caption where one is needed, say).

        Raises:
            MediaError: if the clip cannot be measured.
        """
        ...

    def scores(self, measured: Sequence[MeasuredT], reference: Sequence[MeasuredT] | None, seed: int) -> list[Score]:
        """Scores over clips; ``reference`` holds the reference clips' records, where there are such clips."""
        ...

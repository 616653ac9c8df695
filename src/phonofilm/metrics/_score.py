"""What a metric is given, what it must offer, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from phonofilm.estimate import Estimate
from phonofilm.metrics._given import Given, Published
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV
from phonofilm.parts import Parts, parts_from_json

if TYPE_CHECKING:
    from typing_extensions import Self

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
        extractor, resampler: see :class:`About`.
        reason: see ``value``.
        excluded: clips that were to be scored and are not among the ``n``: skipped, refused, or without what counts.
        note: what a reader should know of how these clips came to the value; "" if nothing.
        parts: what the value is made of, clip by clip, for comparisons.
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
    extractor: str = ""
    resampler: str = ""
    reason: str | None = None
    excluded: int = 0
    note: str = ""
    parts: Parts | None = field(default=None, compare=False)

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
        note: str = "",
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
            extractor=metric.about.extractor,
            resampler=metric.about.resampler,
            reason=found.reason,
            note=note,
            parts=found.parts,
        )

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Score:
        """What :meth:`to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: if it did not.
        """
        interval, fps, parts = row["interval"], row["fps"], row["parts"]
        read = {
            "better": Better(row["better"]),
            "interval": None if interval is None else (float(interval[0]), float(interval[1])),
            "fps": None if fps is None else Fraction(fps),
            "parts": None if parts is None else parts_from_json(parts),
        }
        return cls(**{**row, **read})

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **plain,
            "better": self.better.value,
            "interval": self.interval and list(self.interval),
            "fps": None if self.fps is None else str(self.fps),
            "parts": None if self.parts is None else self.parts.to_json(),
        }


@dataclass(frozen=True)
class About:
    """What a metric is made with, as each of its scores records it.

    Attributes:
        extractor: networks that look and listen, with a checksum of their weights; "" without any.
        resampler: how sound got to the rate that is measured at; "" where it is taken as it is.
    """

    extractor: str = ""
    resampler: str = ""


@dataclass(frozen=True)
class Source:
    """Where a definition comes from.

    Attributes:
        paper: that introduced it, or "this project".
        code: public code that it agrees with; "" for a formula that was published as such.
        licence: of that code, from which nothing is copied.
    """

    paper: str
    code: str = ""
    licence: str = ""


OURS = Source("this project", "phonofilm", "Apache-2.0")


class Metric(Protocol[MeasuredT]):
    """One exact definition: a small record per clip, and scores over many records.

    Attributes:
        name: as users give it; the module is called the same, with underscores.
        version: grows whenever the same clips would get another value.
        uses: which of picture and sound it needs of each clip.
        about: what it is made with.
        source: where its definition comes from.
        needs_codec: it is built with a codec, on whose latents it works.
        needs_reference: it has no value without reference clips.
        needs_pairs: it has none unless every clip has a reference clip of its own file name.
        weights: of others, that it is built with.
        gives: names of its scores.
        uses_prompt: its scores go by the clips' sentences.
        uncounted: why a clip does not count, where :meth:`measure` says so, with what to do about it; of a clip
            without the sentence that the scores go by, that is the reason.
    """

    name: str
    version: int
    uses: ClassVar[AV[bool]] = AV(True, True)
    about: About = About()
    source: ClassVar[Source]
    needs_codec: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    needs_pairs: ClassVar[bool] = False
    weights: ClassVar[tuple[Published, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()
    uses_prompt: ClassVar[bool] = False
    uncounted: ClassVar[str] = "it does not count"

    @classmethod
    def of(cls, given: Given) -> Self:
        """The metric, built with what it needs of what the user gave.

        Raises:
            SettingError: if the user did not give it.
            WeightsError: if weights are missing or others than were published.
        """
        return cls()

    def measure(self, subject: Subject) -> MeasuredT | None:
        """What the scores need of one clip; ``None`` if it does not count (no caption where one is needed, say).

        What costs time is a :class:`Reading` of the subject, so that it is shared, and kept.

        Raises:
            MediaError: if the clip cannot be measured.
        """
        ...

    def scores(self, measured: Sequence[MeasuredT], reference: Sequence[MeasuredT] | None, seed: int) -> list[Score]:
        """Scores over clips; ``reference`` holds the reference clips' records, where there are such clips."""
        ...

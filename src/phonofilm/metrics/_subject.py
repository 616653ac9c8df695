"""A clip to be scored, and what is read of it: once for all metrics, and never again where it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.events import Event
from phonofilm.media.clip import Clip
from phonofilm.pair import AV

Arrays = Mapping[str, np.ndarray]


class Reading(Protocol):
    """What some metrics need of a clip, as arrays that depend on its picture and sound alone.

    Attributes:
        id: its name and version, with all else that decides the values: checksum of weights, size, resampler.
            Equal ids mean equal arrays for equal clips.
        uses: optional: the sides that its values depend on, so that they hold when the other one changes.
    """

    @property
    def id(self) -> str: ...

    def __call__(self, subject: Subject) -> Arrays:
        """The arrays.

        Raises:
            MediaError: if the clip cannot be read so.
        """
        ...


class Shelf(Protocol):
    """Where the readings of one clip are kept (:mod:`phonofilm.metrics._cache`)."""

    def get(self, key: str) -> Arrays | None:
        """A reading; ``None`` if it is not there."""
        ...

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep a reading."""
        ...


@dataclass(frozen=True)
class Facts:
    """The outside of a clip.

    Attributes:
        frames, height, width: of the picture; 0 without one.
        samples, channels: of the sound; 0 without any.
        fps, sample_rate: their clocks.
    """

    frames: int
    height: int
    width: int
    samples: int
    channels: int
    fps: Fraction
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Until picture and sound have both ended."""
        return float(max(self.frames / self.fps, Fraction(self.samples, self.sample_rate or 1)))


class _Outside:
    """The reading of facts."""

    id = "facts@1"

    def __call__(self, subject: Subject) -> Arrays:
        clip = subject.clip
        picture = (0, 0, 0) if clip.frames is None else clip.frames.shape[:3]
        channels, samples = (0, 0) if clip.audio is None else clip.audio.shape
        return {"facts": np.array([*picture, samples, channels, *clip.fps.as_integer_ratio(), clip.sample_rate])}


_OUTSIDE = _Outside()


class Subject:
    """A clip to be scored, with what is known of it.

    Args:
        name: for messages; a file name, say.
        clip: picture and sound, or what gives them: it is called once at most, and not at all where the shelf holds
            all that is asked for.
        prompt: the sentence that it should show, if any.
        truth: its true events, if known.
        shelf: where readings are kept.
    """

    def __init__(
        self,
        name: str,
        clip: Clip | Callable[[], Clip],
        prompt: str | None = None,
        truth: tuple[Event, ...] | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self.name, self.prompt, self.truth = name, prompt, truth
        self._clip, self._shelf = clip, shelf
        self._read: dict[str, Arrays] = {}

    @cached_property
    def clip(self) -> Clip:
        """Picture and sound, in memory from now on."""
        return self._clip if isinstance(self._clip, Clip) else self._clip()

    def showing(self, clip: Clip) -> Subject:
        """Another clip of the same name, with the same prompt and truth."""
        return Subject(self.name, clip, self.prompt, self.truth)

    def read(self, reading: Reading) -> Arrays:
        """What a reading makes of the clip, made once.

        Raises:
            MediaError: if the clip cannot be read so.
        """
        if reading.id not in self._read:
            self._read[reading.id] = self._kept(reading)
        return self._read[reading.id]

    @cached_property
    def facts(self) -> Facts:
        """The outside of the clip."""
        frames, height, width, samples, channels, above, below, rate = self.read(_OUTSIDE)["facts"].tolist()
        return Facts(frames, height, width, samples, channels, Fraction(above, below), rate)

    def check(self, needed: AV[bool]) -> None:
        """Raises a MediaError if picture or sound is needed and missing."""
        there = AV(self.facts.frames > 0, self.facts.samples > 0)
        for what, wanted, has in zip(("picture", "sound"), needed, there, strict=True):
            if wanted and not has:
                raise MediaError(f"{self.name} has no {what}, which its scores need: take it out of the folder")

    def whole(self) -> AV[np.ndarray]:
        """The clip's frames and sound, once it is known that both are there.

        Raises:
            MediaError: if one of them is missing.
        """
        self.check(AV(True, True))
        return AV(self.clip.frames, self.clip.audio)  # pyright: ignore[reportReturnType]  # just checked

    def _kept(self, reading: Reading) -> Arrays:
        kept = None if self._shelf is None else self._shelf.get(reading.id)
        if kept is not None:
            return kept
        made = reading(self)
        if self._shelf is not None:
            self._shelf.put(reading.id, made)
        return made

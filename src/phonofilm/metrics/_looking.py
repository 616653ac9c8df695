"""Every metric looks at one clip, and no metric's trouble is another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as np

from phonofilm.errors import MediaError, PhonofilmError, SettingError
from phonofilm.metrics._cache import Cache, CacheError
from phonofilm.metrics._folder import Film
from phonofilm.metrics._lifeless import lifeless
from phonofilm.metrics._score import Metric
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV


@dataclass(frozen=True)
class Refused:
    """A metric cannot measure this clip, for a reason; others may."""

    reason: str


@dataclass(frozen=True)
class Broken:
    """A metric can measure no clip, for a reason: its weights are another network's, say."""

    reason: str


@dataclass(frozen=True)
class Measured:
    """What is left of a clip once all metrics saw it.

    Attributes:
        records: one of each metric; ``None`` where the clip does not count, or why there is none.
        fps, sample_rate, prompt: of the clip.
        lifeless: whether its picture is frozen, and its sound silent.
    """

    records: list[Any]
    fps: Fraction
    sample_rate: int
    prompt: str | None
    lifeless: AV[bool]


class Looker:
    """Shows clips to metrics.

    Args:
        metrics: that look at each clip; one that breaks is asked no more.
    """

    def __init__(self, metrics: Sequence[Metric[Any]]) -> None:
        self.metrics = metrics
        self._broken: dict[str, Broken] = {}

    def film(self, film: Film, cache: Cache | None) -> Measured | MediaError:
        """Every metric's record of a film, or why it cannot be read.

        Raises:
            CacheError: if the cache cannot be written.
        """
        try:
            subject = film.subject(cache)
        except MediaError as error:
            return error
        return self.clip(subject)

    def clip(self, subject: Subject) -> Measured | MediaError:
        """Every metric's record of a clip, or why it cannot be read.

        Raises:
            CacheError: if the cache cannot be written.
        """
        try:
            facts, still = subject.facts, lifeless(subject)
        except MediaError as error:
            return _naming(subject, error)
        records = [self._record(metric, subject) for metric in self.metrics]
        return Measured(records, facts.fps, facts.sample_rate, subject.prompt, still)

    def _record(self, metric: Metric[Any], subject: Subject) -> Any:
        if metric.name not in self._broken:
            try:
                subject.check(metric.uses)
                return _finite(metric.measure(subject))
            except MediaError as error:
                return Refused(str(_naming(subject, error)))
            except CacheError:
                raise
            except Exception as error:  # noqa: BLE001  # a metric of anybody's: whatever it is, it is told
                self._broken[metric.name] = Broken(_at(subject, told(error)))
        return self._broken[metric.name]


def told(error: Exception) -> str:
    """An error in words; one that was not written for users says what it is, and where it was raised."""
    if isinstance(error, PhonofilmError):
        return str(error)
    place = "".join(f", {Path(one.filename).name}, line {one.lineno}" for one in extract_tb(error.__traceback__)[-1:])
    return f"{type(error).__name__}: {error}{place}"


def _finite(record: Any) -> Any:
    """The record; a number that is none would spoil every mean it went into."""
    if isinstance(record, float | np.floating) and not isfinite(record):
        raise SettingError(f"it measured {record}, which is no number: give each clip a finite one, or None")
    return record


def _at(subject: Subject, reason: str) -> str:
    """The reason in words that name the clip."""
    return reason if subject.name in reason else f"{reason} (at {subject.name})"


def _naming(subject: Subject, error: MediaError) -> MediaError:
    """The error in words that name the clip."""
    return error if subject.name in str(error) else MediaError(f"{subject.name}: {error}")

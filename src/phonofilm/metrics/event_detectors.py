"""The ruler's own rulers: each detector against true events, where they are known.

Only visible events count for the eye and only audible ones for the ear. Within each clip, as many events as
possible are matched one to one within one frame for the eye and within 45 ms for the ear, at lag zero. Precision
and recall are pooled over clips; the error, detected minus true in ms, is that of the matched pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.estimate import quantile, ratio
from phonofilm.metrics._maths.match import match
from phonofilm.metrics._ruler.detect import events
from phonofilm.metrics._ruler.ear import RESAMPLER
from phonofilm.metrics._ruler.store import ruler
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

EAR_TOLERANCE = 0.045
NO_TRUTH = "no clip has known events: score films with a manifest that lists them"
WHAT = ("precision", "recall", "offset-median", "error-p90")


@dataclass(frozen=True)
class _Sense:
    """A detector's name, what it does, and when two of its events are one, as words."""

    name: str
    finds: str
    known: str
    near: str


SENSES = AV(_Sense("eye", "sees", "seen", "one frame"), _Sense("ear", "hears", "heard", "45 ms"))


@dataclass(frozen=True, eq=False)
class Found:
    """One detector in one clip: counts, and detected minus true times in ms."""

    found: int
    true: int
    errors: np.ndarray


def compare(detected: np.ndarray, true: np.ndarray, tolerance: float) -> Found:
    """Match detected with true times in seconds."""
    pairs = match(detected, true, tolerance)
    return Found(len(detected), len(true), 1000 * (detected[pairs[:, 0]] - true[pairs[:, 1]]))


class EventDetectors(Metric[AV[Found]]):
    """See the module."""

    name = "event-detectors"
    version = 1
    uncounted = "its true events are not known: list them in a manifest"
    source = OURS
    gives = tuple(f"{sense.name}-{what}" for sense in SENSES for what in WHAT)

    def __init__(self) -> None:
        self.about = About(extractor=ruler(), resampler=RESAMPLER)

    def measure(self, subject: Subject) -> AV[Found] | None:
        """Both detectors on one clip; ``None`` without known events.

        Raises:
            MediaError: if picture or sound is missing.
        """
        if subject.truth is None:
            return None
        true = AV(
            np.array([float(event.time) for event in subject.truth if event.visible]),
            np.array([float(event.time) for event in subject.truth if event.audible]),
        )
        return events(subject).map(compare, true, AV(float(1 / subject.facts.fps), EAR_TOLERANCE))

    def scores(self, measured: Sequence[AV[Found]], reference: Sequence[AV[Found]] | None, seed: int) -> list[Score]:
        """Precision, recall, median error and 90th percentile of its size, for the eye and the ear."""
        sides = AV([pair.video for pair in measured], [pair.audio for pair in measured])
        both = SENSES.map(lambda sense, found: self._side(sense, found, seed), sides)
        return [score for scores in both for score in scores]

    def _side(self, sense: _Sense, found: Sequence[Found], seed: int) -> list[Score]:
        errors = [one.errors for one in found]
        hits = [len(one.errors) for one in found]
        blind, without, apart = _reasons(sense, found)
        rows = (
            ("precision", Better.HIGHER, "", ratio(hits, [one.found for one in found], seed, empty=blind)),
            ("recall", Better.HIGHER, "", ratio(hits, [one.true for one in found], seed, empty=without)),
            ("offset-median", Better.NEARER_ZERO, "ms", quantile(errors, 0.5, seed, empty=apart)),
            ("error-p90", Better.LOWER, "ms", quantile([np.abs(one) for one in errors], 0.9, seed, empty=apart)),
        )
        return [
            Score.of(self, f"{sense.name}-{what}", value, better, n=value.clips, seed=seed, unit=unit)
            for what, better, unit, value in rows
        ]


def _reasons(sense: _Sense, found: Sequence[Found]) -> tuple[str, str, str]:
    """Why there would be no precision, no recall, and no error."""
    if not found:
        return NO_TRUTH, NO_TRUTH, NO_TRUTH
    blind = f"the {sense.name} {sense.finds} no event in the clips whose events are known"
    without = f"no event of the manifest can be {sense.known}: score clips that have such events"
    apart = f"no event that the {sense.name} {sense.finds} lies within {sense.near} of a known one"
    if not any(one.found for one in found):
        return blind, without, blind
    return blind, without, apart if any(one.true for one in found) else without


metric = EventDetectors

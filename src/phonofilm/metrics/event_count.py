"""Does as much happen as the sentence says? Seen and heard events, counted.

A clip counts where its sentence says exactly one number of times (once, twice, thrice, "three times": two to ten in
words or digits) and tells of nothing else that may sound: sentences with "and", "while", "then", "as" or "off screen"
are left out. It is right if the ruler's detectors find just as many events: ``event-count-seen`` in the picture,
``event-count-heard`` in the sound. Scores are shares of the clips that count. The reference's own value is what the
detectors, and events outside the picture, leave to reach.

Chance: each clip with the sentence of another one; far above 0, as most sentences ask for few.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phonofilm.estimate import mean
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._ruler.detect import events
from phonofilm.metrics._ruler.ear import RESAMPLER
from phonofilm.metrics._ruler.store import ruler
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

NO_COUNTS = "no clip has a sentence that says how many times: score films with sidecars or a manifest"
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
WORDS = {"once": 1, "twice": 2, "thrice": 3}
SAID = re.compile(rf"\b(?:({'|'.join(WORDS)})|({'|'.join(NUMBERS)}|\d{{1,2}}) times)\b", re.IGNORECASE)
MORE = re.compile(r"\b(?:and|while|then|as|off screen)\b", re.IGNORECASE)
"""Other things happen too, nobody says how often."""
NAMES = AV("event-count-seen", "event-count-heard")


def asked(sentence: str) -> int | None:
    """How many times something shall happen; ``None`` where a sentence does not say, or tells of several things."""
    found = SAID.findall(sentence.lower())
    if len(found) != 1 or MORE.search(sentence):
        return None
    ((word, number),) = found
    if word:
        return WORDS[word]
    return int(number) if number.isdigit() else 2 + NUMBERS.index(number)


@dataclass(frozen=True)
class Count:
    """How many events a clip shows and sounds, and how many it should."""

    found: AV[int]
    asked: int


class EventCount(Metric[Count]):
    """See the module."""

    name = "event-count"
    version = 1
    uses_prompt = True
    uncounted = "its sentence does not say how many times something happens"
    source = OURS
    gives = tuple(NAMES)

    def __init__(self) -> None:
        self.about = About(extractor=ruler(), resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Count | None:
        """The events of one clip; ``None`` if its sentence does not say how many."""
        times = asked(subject.prompt or "")
        return None if times is None else Count(events(subject).map(len), times)

    def scores(self, measured: Sequence[Count], reference: Sequence[Count] | None, seed: int) -> list[Score]:
        """``event-count-seen`` and ``event-count-heard``."""
        own = list(measured)
        mixed = [
            (one, own[other].asked)
            for pairs in derangements(len(own), seed)
            for one, other in zip(own, pairs, strict=True)
        ]

        def score(name: str, right: list[bool], by_chance: list[bool]) -> Score:
            found = mean(right, seed, empty=NO_COUNTS)
            chance = float(np.mean(by_chance)) if by_chance else None
            return Score.of(self, name, found, Better.HIGHER, n=len(own), seed=seed, chance=chance)

        return list(NAMES.map(score, _right([(one, one.asked) for one in own]), _right(mixed)))


def _right(pairs: list[tuple[Count, int]]) -> AV[list[bool]]:
    """Whether as many events are seen, and heard, as are asked for."""
    return AV([one.found.video == times for one, times in pairs], [one.found.audio == times for one, times in pairs])


metric = EventCount

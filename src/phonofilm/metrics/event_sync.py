"""Are picture and sound events together? Seen and heard events, matched one to one.

Events are detected in the picture from frames alone and in the sound from sound alone, so no labels are needed.
Two groups of numbers come out, each pooled over all clips.

*At lag zero*: within each clip, as many events as possible are matched one to one with at most the tolerance
between them (ties: least total distance). ``event-f1-*`` is 2 hits / (seen + heard) at a tolerance of one frame of
the clip and of 125 ms. ``event-hit-*`` is hits / seen at 45 ms, 125 ms and one frame. ``event-unheard`` and
``event-unseen`` are the seen events without a sound and the sounds without a seen event, per clip, at 125 ms. Two
clips without any event agree, and count for nothing.

*With the lag estimated*: within each clip the lag is that difference of a seen and a heard event, of at most 600 ms,
at which most events match within 125 ms once it is taken off (ties: the lag whose pairs lie closest on average, in
whole steps of 50 ms; then the smallest in size). Of the pairs matched there the signed offset, sound minus picture
**with the lag left in**, is pooled: ``event-offset-median`` in ms is positive where the sound is late,
``event-error-p50`` and ``event-error-p90`` are the median and the 90th percentile of its size. A shift of the sound
by d thus moves the offset by d, which matching at lag zero would hide; what matches nothing has no offset and is
counted by the first group only.

Chance: the same events, each picture with the sound of another clip, which is cut or begins again to last as long. The
signed offset has none: by chance it may be anything, 0 too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from phonofilm.estimate import Estimate, quantile, ratio
from phonofilm.metrics._maths.match import match, offsets
from phonofilm.metrics._maths.resample import derangements, lasting
from phonofilm.metrics._ruler.detect import events
from phonofilm.metrics._ruler.ear import RESAMPLER
from phonofilm.metrics._ruler.store import ruler
from phonofilm.metrics._score import OURS, About, Better, Metric, Score
from phonofilm.metrics._subject import Subject

STRANGE = (
    "as all event scores by an eye and an ear that were trained on Clapperboard; of films that are not like it read "
    "sync-offset and sync-error"
)
NO_CLIPS = "there are no clips to score"
NO_EVENTS = "no events were found in the clips: choose clips in which something happens"
NONE_SEEN = "no events were seen in the clips, though some were heard: choose clips that show what sounds"
NONE_HEARD = "no events were heard in the clips, though some were seen: choose clips that sound"
NO_PAIRS = "no seen and heard events lie within 600 ms of each other"


@dataclass(frozen=True, eq=False)
class Timing:
    """Times of one clip's events.

    Attributes:
        seen, heard: in seconds, ``(n,)`` and ``(m,)``.
        frame, seconds: length of a frame and of the clip in seconds.
        known: its true events are known, so it is a scene of Clapperboard.
    """

    seen: np.ndarray
    heard: np.ndarray
    frame: float
    seconds: float
    known: bool = False

    def with_sound_of(self, other: Timing) -> Timing:
        """The picture with the sound of another clip, which is cut or goes on from its beginning to last as long."""
        return replace(self, heard=lasting(other.heard, other.seconds, self.seconds))


@dataclass(frozen=True, eq=False)
class Tally:
    """What one clip adds to the scores: counts, and the offsets of its pairs in ms."""

    seen: int
    heard: int
    at_45ms: int
    at_125ms: int
    at_frame: int
    offsets: np.ndarray


def tally(timing: Timing) -> Tally:
    """Count one clip's matches."""

    def hits(tolerance: float) -> int:
        return len(match(timing.seen, timing.heard, tolerance))

    away = 1000 * offsets(timing.seen, timing.heard)
    return Tally(len(timing.seen), len(timing.heard), hits(0.045), hits(0.125), hits(timing.frame), away)


def absent(tallies: Sequence[Tally]) -> str:
    """Why a score of these clips has no value, for a score that has none."""
    if not tallies:
        return NO_CLIPS
    seen, heard = any(tally.seen for tally in tallies), any(tally.heard for tally in tallies)
    if not seen:
        return NONE_SEEN if heard else NO_EVENTS
    return NO_PAIRS if heard else NONE_HEARD


@dataclass(frozen=True)
class _Share:
    """A score that is a sum over clips divided by another one."""

    name: str
    better: Better
    unit: str
    parts: Callable[[Tally], tuple[float, float]]

    def over(self, tallies: Sequence[Tally], seed: int | None) -> Estimate:
        tops, bottoms = zip(*map(self.parts, tallies), strict=True) if tallies else ((), ())
        return ratio(tops, bottoms, seed, empty=absent(tallies))


@dataclass(frozen=True)
class _Spread:
    """A score that is a quantile of the offsets of all clips' pairs, or of their sizes."""

    name: str
    better: Better
    share: float
    of: Callable[[np.ndarray], np.ndarray] = np.abs
    unit: str = "ms"

    def over(self, tallies: Sequence[Tally], seed: int | None) -> Estimate:
        return quantile([self.of(tally.offsets) for tally in tallies], self.share, seed, empty=absent(tallies))


SCORES = (
    _Share("event-f1-frame", Better.HIGHER, "", lambda t: (2 * t.at_frame, t.seen + t.heard)),
    _Share("event-f1-125ms", Better.HIGHER, "", lambda t: (2 * t.at_125ms, t.seen + t.heard)),
    _Share("event-hit-45ms", Better.HIGHER, "", lambda t: (t.at_45ms, t.seen)),
    _Share("event-hit-125ms", Better.HIGHER, "", lambda t: (t.at_125ms, t.seen)),
    _Share("event-hit-frame", Better.HIGHER, "", lambda t: (t.at_frame, t.seen)),
    _Share("event-unheard", Better.LOWER, "per clip", lambda t: (t.seen - t.at_125ms, 1)),
    _Share("event-unseen", Better.LOWER, "per clip", lambda t: (t.heard - t.at_125ms, 1)),
    _Spread("event-offset-median", Better.NEARER_ZERO, 0.5, np.positive),
    _Spread("event-error-p50", Better.LOWER, 0.5),
    _Spread("event-error-p90", Better.LOWER, 0.9),
)


class EventSync(Metric[Timing]):
    """See the module."""

    name = "event-sync"
    version = 1
    source = OURS
    gives = tuple(kind.name for kind in SCORES)

    def __init__(self) -> None:
        self.about = About(extractor=ruler(), resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Timing:
        """The times of the events seen and heard in a clip.

        Raises:
            MediaError: if picture or sound is missing.
        """
        found = events(subject)
        facts = subject.facts
        return Timing(found.video, found.audio, float(1 / facts.fps), facts.seconds, subject.truth is not None)

    def scores(self, measured: Sequence[Timing], reference: Sequence[Timing] | None, seed: int) -> list[Score]:
        """The scores named in the module's text."""
        true = [tally(timing) for timing in measured]
        mixed = [
            tally(one.with_sound_of(measured[other]))
            for partner in derangements(len(measured), seed)
            for one, other in zip(measured, partner, strict=True)
        ]
        strange = any(not timing.known for timing in measured)
        found = [(kind, kind.over(true, seed)) for kind in SCORES]
        return [
            Score.of(
                self,
                kind.name,
                one,
                kind.better,
                n=one.clips,
                seed=seed,
                unit=kind.unit,
                chance=None if kind.better is Better.NEARER_ZERO else kind.over(mixed, None).value,
                note=STRANGE if strange and place == 0 else "",
            )
            for place, (kind, one) in enumerate(found)
        ]


metric = EventSync

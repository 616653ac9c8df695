"""Motions that strikers and struck things have in common."""

from __future__ import annotations

from collections.abc import Sequence

from phonofilm.data.clapperboard.act import Beat
from phonofilm.data.clapperboard.track import Knot, Track

DOWN, UP = 0.16, 0.20
"""Seconds that a stroke takes to come down and, at most, to go up again."""


def strokes(beats: Sequence[Beat], raised: float) -> Track:
    """From ``raised`` (times strength) down to 0 at each beat, faster and faster, and slowing up again.

    Both halves are parabolas. Harder strokes start from higher; between strokes the striker waits where it
    will start from.
    """
    heights = [raised * (0.55 + 0.45 * beat.strength) for beat in beats]
    knots = [Knot(beats[0].time - DOWN, heights[0])]
    for i, beat in enumerate(beats):
        after = heights[min(i + 1, len(beats) - 1)]
        room = (beats[i + 1].time - beat.time) if i + 1 < len(beats) else DOWN + UP
        down_next = DOWN if room >= DOWN + 0.12 else room * 0.5
        up = min(UP, room - down_next)
        down = beat.time - knots[-1].time
        knots.append(Knot(beat.time, 0.0, -2 * heights[i] / down, 2 * after / up))
        knots.append(Knot(beat.time + up, after))
        if room - up - down_next > 1e-6:
            knots.append(Knot(beat.time + room - down_next, after))
    return Track.through(knots)


def shaken(beats: Sequence[Beat], rest: float, depth: float) -> Track:
    """A thing at ``rest`` that gives way by ``depth`` (times strength) after each beat and comes back."""
    knots: list[Knot] = []
    for beat in beats:
        give = depth * (0.4 + 0.6 * beat.strength)
        knots.append(Knot(beat.time, rest, 0.0, give / 0.03))
        knots.append(Knot(beat.time + 0.05, rest + give))
        knots.append(Knot(beat.time + 0.20, rest))
    return Track.through(knots)


def travel(beats: Sequence[Beat], places: Sequence[float]) -> Track:
    """Rest at each place while its beat is struck, and glide to the next one between."""
    knots: list[Knot] = []
    for beat, place in zip(beats, places, strict=True):
        knots.append(Knot(beat.time - 0.06, place))
        knots.append(Knot(beat.time + 0.06, place))
    return Track.through(knots)

"""Scenes that swing by themselves: a cradle of hanging balls, a metronome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phonofilm.data.clapperboard.act import FLOOR, Act, Beat, Hit, Stage
from phonofilm.data.clapperboard.bodies import Body, circular, disc, moved, rectangle, surface, widening
from phonofilm.data.clapperboard.materials import Material
from phonofilm.data.clapperboard.motion import shaken
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.data.clapperboard.track import Knot, Track

FRAME = (200, 200, 206)


def _regular(
    stage: Stage, count: int, shortest: float, longest: float, fade: float, rng: np.random.Generator
) -> tuple[tuple[Beat, ...], float]:
    """``count`` evenly spaced beats (or as many as fit), each ``fade`` times as strong as the one before; the gap."""
    room = float(stage.seconds) - 0.20 - 0.30
    gap = float(rng.uniform(shortest, longest))
    count = max(1, min(count, 1 + int(room / gap)))
    start = 0.30 + float(rng.random()) * (room - gap * (count - 1))
    strength = float(rng.uniform(0.7, 1.0))
    return tuple(stage.beat(start + gap * i, round(strength * fade**i, 3)) for i in range(count)), gap


def _arc(start: float, seconds: float, height: float, first: int, last: int, pieces: int = 16) -> list[Knot]:
    """Knots ``first``..``last`` of half a sine of ``height`` that takes ``seconds``."""
    turn = np.pi * np.arange(first, last + 1) / pieces
    slope = height * np.pi / seconds * np.cos(turn)
    times = start + seconds * np.arange(first, last + 1) / pieces
    return [Knot(t, v, s, s) for t, v, s in zip(times, height * np.sin(turn), slope, strict=True)]


def _one_ball(beats: Sequence[Beat], gap: float, height: float, leads: bool) -> Track:
    """Angle of an end ball: away from the others while it swings out, 0 while it hangs.

    The ball that ``leads`` falls into beat 0, the other one is thrown out by it, and so on in turn; after the last
    beat the thrown ball is caught at its highest point.
    """
    knots: list[Knot] = []
    if leads:
        knots += _arc(beats[0].time - gap, gap, height, 8, 16)
    for i, beat in enumerate(beats):
        if (i % 2 == 0) != leads:
            end = beats[i + 1].time if i + 1 < len(beats) else beat.time + gap
            knots += _arc(beat.time, end - beat.time, height * 0.94 ** (i + 1), 0, 16 if i + 1 < len(beats) else 8)
    if not knots:
        return Track.still(0.0)
    return Track.through(_merged(knots))


def _merged(knots: list[Knot]) -> list[Knot]:
    """Neighbouring knots at one time become one knot that arrives like the first and leaves like the second."""
    out: list[Knot] = []
    for knot in knots:
        if out and knot.time - out[-1].time < 1e-9:
            out[-1] = Knot(out[-1].time, out[-1].value, out[-1].arriving, knot.leaving)
        else:
            out.append(knot)
    return out


def cradle(stage: Stage, material: Material, count: int, rng: np.random.Generator) -> Act:
    """Newton's cradle of three balls of ``material``; the balls sound."""
    beats, gap = _regular(stage, count, 0.40, 0.65, 0.9, rng)
    side = 1 if rng.random() < 0.5 else -1
    radius, length, top = 0.085, 0.52, 0.14
    voice = Voice.sample(material, rng)
    ball = moved(surface(material, 2 * radius, 2 * radius, circular), 0.0, length - radius)
    hanging = (rectangle(-0.011, 0.0, 0.011, length - radius, FRAME), *ball)

    def hung(place: int, angle: Track, glows: tuple) -> Body:
        return Body.at("ball", hanging, 0.5 + 2 * radius * place, top, angle=angle, glows=glows)

    # a positive angle turns clockwise on screen: the ball goes left
    leading, thrown = (_one_ball(beats, gap, 0.48 * side, True), _one_ball(beats, gap, -0.48 * side, False))
    glows = tuple(beat.glow for beat in beats)
    bodies = (
        Body.at("frame", (rectangle(-0.36, -0.05, 0.36, 0.02, FRAME),), 0.5, top),
        hung(-side, leading, ()),
        hung(side, thrown, ()),
        hung(0, Track.still(0.0), glows),
    )
    places = [0.5 - radius * side * (1 if i % 2 == 0 else -1) for i in range(len(beats))]
    hits = tuple(Hit(b.event("cradle", material.name, x, top + length)) for b, x in zip(beats, places, strict=True))
    return Act("cradle", voice, bodies, hits)


def metronome(stage: Stage, material: Material, count: int, rng: np.random.Generator) -> Act:
    """The arm of a metronome of ``material`` swings between two stops at even speed and ticks on each."""
    beats, gap = _regular(stage, max(count, 2), 0.34, 0.60, 1.0, rng)
    side = 1 if rng.random() < 0.5 else -1
    reach, tilt, length = 0.60, 0.50, 0.70
    voice = Voice.sample(material, rng)
    sides = [side * (1 if i % 2 == 0 else -1) for i in range(len(beats))]
    ends = [-sides[0] * tilt, *(s * tilt for s in sides)]
    times = [beats[0].time - gap, *(b.time for b in beats)]
    after = ends[-1] * -0.4
    angle = Track.lines(np.array([*times, times[-1] + 0.3 * gap]), np.array([*ends, after]))
    arm = (rectangle(-0.026, -length, 0.026, 0.0, (240, 236, 220)), disc(0.0, -0.52, 0.085, (250, 190, 40)))
    case = surface(material, 0.46, 0.34, widening)

    def stop(s: int) -> Body:
        own = tuple(b for b, own_side in zip(beats, sides, strict=True) if own_side == s)
        x, y = 0.5 + s * (reach * np.sin(tilt) + 0.075), FLOOR - 0.06 - reach * np.cos(tilt)
        post = surface(material, 0.10, FLOOR - y + 0.08)
        shake = {"x": shaken(own, x, 0.03 * s)} if own else {}
        return Body.at("stop", post, x, y - 0.08, glows=tuple(b.glow for b in own), **shake)

    bodies = (
        stop(-1),
        stop(1),
        Body.at("metronome", case, 0.5, FLOOR - 0.34),
        Body.at("arm", arm, 0.5, FLOOR - 0.06, angle=angle),
    )
    hits = tuple(
        Hit(b.event("metronome", material.name, 0.5 + s * reach * np.sin(tilt), FLOOR - 0.06 - reach * np.cos(tilt)))
        for b, s in zip(beats, sides, strict=True)
    )
    return Act("metronome", voice, bodies, hits)

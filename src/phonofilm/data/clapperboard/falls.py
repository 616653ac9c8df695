"""Scenes that gravity makes: a bouncing ball, blocks that fall on the floor and on each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phonofilm.data.clapperboard.act import FLOOR, Act, Beat, Hit, Stage
from phonofilm.data.clapperboard.bodies import Body, circular, moved, surface
from phonofilm.data.clapperboard.materials import CERAMIC, METAL, WOOD, Material
from phonofilm.data.clapperboard.motion import shaken
from phonofilm.data.clapperboard.physics import Drop, Fall, drop_all
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.data.clapperboard.track import Knot, Track

FLOORS = (WOOD, METAL, CERAMIC)


def _floor(material: Material, top: float) -> Body:
    """A slab across the whole picture, however wide that is."""
    faces = surface(material, 12.0, 0.16)
    return Body.at("floor", faces, 0.5, top)


def _paths(fall: Fall, beats: tuple[Beat, ...]) -> tuple[Track, Track]:
    """x and y over time, with the knot of each impact moved onto its beat's sample."""
    times = np.array(fall.times)
    impacts = [time for time, _ in fall.impacts]
    for time, beat in zip(impacts, beats, strict=True):
        times[np.argmin(np.abs(times - time))] = beat.time
    order = np.concatenate([[True], np.diff(times) > 1e-9])
    return Track.lines(times[order], np.array(fall.x)[order]), Track.lines(times[order], np.array(fall.y)[order])


def _beats(stage: Stage, fall: Fall, hardest: float) -> tuple[Beat, ...]:
    return tuple(stage.beat(time, round(min(1.0, impulse / hardest), 3)) for time, impulse in fall.impacts)


@dataclass(frozen=True)
class _Bounce:
    release: float
    height: float
    gravity: float
    elasticity: float

    def times(self, seconds: float) -> list[float]:
        """Impacts of the ideal ball."""
        fall = float(np.sqrt(2 * self.height / self.gravity))
        out, gap = [self.release + fall], 2 * self.elasticity * fall
        while out[-1] + gap < seconds + 0.02 and len(out) <= 5:
            out.append(out[-1] + gap)
            gap *= self.elasticity
        return [t for t in out if t < seconds + 0.02]


def _pick_bounce(stage: Stage, height: float, rng: np.random.Generator) -> _Bounce:
    """Draw balls until one keeps the margins and gaps of a scene."""
    seconds = float(stage.seconds)
    while True:
        fall = float(rng.uniform(0.30, 0.60))
        bounce = _Bounce(
            release=float(rng.uniform(0.0, max(0.05, seconds - 0.9))), height=height, gravity=2 * height / fall**2,
            elasticity=float(rng.uniform(0.68, 0.86)),
        )  # fmt: skip
        times = bounce.times(seconds)
        clear = all(seconds - 0.115 > t or t > seconds + 0.01 for t in times)
        if clear and stage.allows([t for t in times if t < seconds]) and len(times) <= 5:
            return bounce


def bounce(stage: Stage, material: Material, rng: np.random.Generator) -> Act:
    """A ball of ``material`` falls and bounces on a floor of another material; the ball sounds."""
    radius, top = float(rng.uniform(0.13, 0.16)), 0.84
    while True:
        height, across = float(rng.uniform(0.42, 0.52)), float(rng.uniform(-0.12, 0.12))
        start = 0.5 - across * 0.8 + float(rng.uniform(-0.1, 0.1))
        picked = _pick_bounce(stage, height, rng)
        drop = Drop(start, top - height, 0.01, 2 * radius, picked.release, across, picked.elasticity)
        fall = drop_all([drop], top, picked.gravity, float(stage.seconds))[0]
        if stage.allows([time for time, _ in fall.impacts]):
            break
    beats = _beats(stage, fall, float(np.sqrt(2 * picked.gravity * height)) * (1 + picked.elasticity))
    x, y = _paths(fall, beats)
    floors = [floor for floor in FLOORS if floor is not material]
    floor = floors[int(rng.integers(len(floors)))]
    squash = Track.through([k for b in beats for k in _squash(b)])
    ball = Body.at(
        "ball", moved(surface(material, 2 * radius, 2 * radius, circular), 0.0, -2 * radius), start, top - height,
        x=x, y=y, squash=squash, glows=tuple(b.glow for b in beats),
    )  # fmt: skip
    hits = tuple(Hit(b.event("ball", material.name, float(x.at(np.array(b.time))), top)) for b in beats)
    voice = Voice.sample(material, rng)
    words = {"material": material.name, "floor": floor.name}
    return Act("bounce", voice, (_floor(floor, top), ball), hits, words)


def _squash(beat: Beat) -> tuple[Knot, ...]:
    """Flattened by the impact, about the point of contact, and round again a tenth of a second later."""
    depth = 0.3 * beat.strength
    return Knot(beat.time, 1.0, 0.0, -depth / 0.02), Knot(beat.time + 0.035, 1 - depth), Knot(beat.time + 0.1, 1.0)


def blocks(stage: Stage, material: Material, count: int, rng: np.random.Generator) -> Act:
    """Blocks of ``material`` fall one after the other, on the floor or on each other; the blocks sound."""
    seconds, top = float(stage.seconds), FLOOR
    gravity = 2 * top / float(rng.uniform(0.55, 0.72)) ** 2
    stacked = bool(rng.random() < 0.5)
    first, gap = float(np.sqrt(2 * (top + 0.02) / gravity)), 0.32
    count = max(1, min(count, 3, 1 + int((seconds - 0.15 - first) / gap)))
    slack = seconds - 0.15 - first - gap * (count - 1)
    impacts = first + np.sort(rng.random(count)) * slack + gap * np.arange(count)
    sizes = [(float(rng.uniform(0.13, 0.155)), float(rng.uniform(0.17, 0.21))) for _ in range(count)]
    columns = 0.5 + 0.33 * (rng.permutation(count) - (count - 1) / 2)
    pile = 0.5 + float(rng.uniform(-0.1, 0.1)) + rng.uniform(-0.04, 0.04, size=count)
    places = [float(x) for x in (pile if stacked else columns)]
    below = [sum(h for _, h in sizes[:i]) if stacked else 0.0 for i in range(count)]
    releases = [t - float(np.sqrt(2 * (top - b + 0.02) / gravity)) for t, b in zip(impacts, below, strict=True)]
    drops = [
        Drop(place, -0.02, half, height, max(0.0, float(release)), 0.0, 0.0)
        for place, (half, height), release in zip(places, sizes, releases, strict=True)
    ]
    falls = drop_all(drops, top, gravity, seconds)
    hardest = float(np.sqrt(2 * gravity * (top + 0.02)))
    voice = Voice.sample(material, rng)
    bodies, hits = [], []
    for drop, path in zip(drops, falls, strict=True):
        beats = _beats(stage, path, hardest)
        x, y = _paths(path, beats)
        faces = moved(surface(material, 2 * drop.half, drop.height), 0.0, -drop.height)
        squash = Track.through([k for b in beats for k in _squash(b)])
        bodies.append(Body.at("block", faces, drop.x, drop.y, x=x, y=y, squash=squash, glows=tuple(b.glow for b in beats)))
        hits += [Hit(b.event("block", material.name, drop.x, float(y.at(np.array(b.time))))) for b in beats]
    hits.sort(key=lambda h: h.event.sample)
    return Act("blocks", voice, tuple(bodies), tuple(hits), {"material": material.name})

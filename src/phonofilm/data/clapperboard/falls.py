"""Scenes that gravity makes: a bouncing ball, blocks that fall on the floor and on each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phonofilm.data.clapperboard.act import FLOOR, Act, Beat, Hit, Stage
from phonofilm.data.clapperboard.bodies import Body, Face, circular, moved, surface
from phonofilm.data.clapperboard.materials import CERAMIC, METAL, WOOD, Material
from phonofilm.data.clapperboard.physics import Drop, Fall, drop_all
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.data.clapperboard.track import Knot, Track

GROUND = 0.84
"""Height of the floor that balls bounce on."""
ABOVE = 0.02
"""How far above the picture blocks wait."""
FLOORS = (WOOD, METAL, CERAMIC)


def _floor(material: Material) -> Body:
    """A slab across the whole picture, however wide that is."""
    return Body.at("floor", surface(material, 12.0, 0.16), 0.5, GROUND)


def _paths(fall: Fall, beats: tuple[Beat, ...]) -> tuple[Track, Track]:
    """X and y over time, with the knot of each impact moved onto its beat's sample."""
    times, x, y = np.array(fall.times), np.array(fall.x), np.array(fall.y)
    keep = np.ones(len(times), dtype=bool)
    for (impact, _), beat in zip(fall.impacts, beats, strict=True):
        keep &= (np.abs(times - impact) > 1e-4) | (times == impact)
        times[times == impact] = beat.time
    return Track.lines(times[keep], x[keep]), Track.lines(times[keep], y[keep])


def _beats(stage: Stage, fall: Fall, hardest: float) -> tuple[Beat, ...]:
    return tuple(stage.beat(time, round(min(1.0, impulse / hardest), 3)) for time, impulse in fall.impacts)


@dataclass(frozen=True)
class _Bounce:
    """A ball that is let go at ``release`` seconds, ``height`` above the floor."""

    release: float
    height: float
    gravity: float
    elasticity: float

    def times(self, seconds: float) -> list[float]:
        """Impacts of the ideal ball."""
        fall = _falling(self.height, self.gravity)
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
            release=float(rng.uniform(0.0, max(0.05, seconds - 0.9))),
            height=height,
            gravity=2 * height / fall**2,
            elasticity=float(rng.uniform(0.68, 0.86)),
        )
        times = bounce.times(seconds)
        clear = all(seconds - 0.115 > t or t > seconds + 0.01 for t in times)
        if clear and stage.allows([t for t in times if t < seconds]) and len(times) <= 5:
            return bounce


def bounce(stage: Stage, material: Material, rng: np.random.Generator) -> Act:
    """A ball of ``material`` falls and bounces on a floor of another material; the ball sounds."""
    radius = float(rng.uniform(0.13, 0.16))
    while True:
        height, across = float(rng.uniform(0.42, 0.52)), float(rng.uniform(-0.12, 0.12))
        start = 0.5 - across * 0.8 + float(rng.uniform(-0.1, 0.1))
        picked = _pick_bounce(stage, height, rng)
        drop = Drop(start, GROUND - height, 0.01, 2 * radius, picked.release, across, picked.elasticity)
        fall = drop_all([drop], GROUND, picked.gravity, float(stage.seconds))[0]
        if stage.allows([time for time, _ in fall.impacts]):
            break
    faces = moved(surface(material, 2 * radius, 2 * radius, circular), 0.0, -2 * radius)
    hardest = float(np.sqrt(2 * picked.gravity * height)) * (1 + picked.elasticity)
    ball, hits = _dropped("ball", material, faces, fall, _beats(stage, fall, hardest))
    floors = [floor for floor in FLOORS if floor is not material]
    floor = floors[int(rng.integers(len(floors)))]
    return Act("bounce", Voice.sample(material, rng), (_floor(floor), ball), hits, {"floor": floor.name})


def _dropped(
    source: str, material: Material, faces: tuple[Face, ...], fall: Fall, beats: tuple[Beat, ...]
) -> tuple[Body, tuple[Hit, ...]]:
    """What is seen and heard of one fallen body, whose origin is the middle of its lower edge."""
    x, y = _paths(fall, beats)
    squash = Track.through([knot for beat in beats for knot in _squash(beat)])
    glows = tuple(beat.glow for beat in beats)
    body = Body.at(source, faces, fall.x[0], fall.y[0], x=x, y=y, squash=squash, glows=glows)
    places = [(float(x.at(np.array(beat.time))), float(y.at(np.array(beat.time)))) for beat in beats]
    return body, tuple(Hit(b.event(source, material.name, *place)) for b, place in zip(beats, places, strict=True))


def _squash(beat: Beat) -> tuple[Knot, ...]:
    """Flattened by the impact, about the point of contact, and round again a tenth of a second later."""
    depth = 0.3 * beat.strength
    return Knot(beat.time, 1.0, 0.0, -depth / 0.02), Knot(beat.time + 0.035, 1 - depth), Knot(beat.time + 0.1, 1.0)


def blocks(stage: Stage, material: Material, count: int, rng: np.random.Generator) -> Act:
    """Blocks of ``material`` fall one after the other, on the floor or on each other; the blocks sound."""
    gravity = 2 * FLOOR / float(rng.uniform(0.55, 0.72)) ** 2
    stacked = bool(rng.random() < 0.5)
    drops = _pick_blocks(stage, min(count, 3), gravity, stacked, rng)
    hardest = float(np.sqrt(2 * gravity * (FLOOR + ABOVE)))
    bodies: list[Body] = []
    hits: list[Hit] = []
    for drop, fall in zip(drops, drop_all(drops, FLOOR, gravity, float(stage.seconds)), strict=True):
        faces = moved(surface(material, 2 * drop.half, drop.height), 0.0, -drop.height)
        body, own = _dropped("block", material, faces, fall, _beats(stage, fall, hardest))
        bodies.append(body)
        hits += own
    landing = "on each other" if stacked and len(drops) > 1 else "on the floor"
    return Act("blocks", Voice.sample(material, rng), tuple(bodies), tuple(hits), {"landing": landing})


def _pick_blocks(stage: Stage, count: int, gravity: float, stacked: bool, rng: np.random.Generator) -> list[Drop]:
    """Blocks that wait above the picture and land one by one, at most as many as there is time for."""
    first, last, gap = _falling(FLOOR + ABOVE, gravity), float(stage.seconds) - 0.15, 0.32
    count = max(1, min(count, 1 + int((last - first) / gap)))
    landings = first + np.sort(rng.random(count)) * (last - first - gap * (count - 1)) + gap * np.arange(count)
    pile = 0.5 + rng.uniform(-0.1, 0.1) + rng.uniform(-0.04, 0.04, size=count)
    columns = 0.5 + 0.33 * (rng.permutation(count) - (count - 1) / 2)
    drops: list[Drop] = []
    for landing, x in zip(landings, pile if stacked else columns, strict=True):
        below = sum(drop.height for drop in drops) if stacked else 0.0
        release = max(0.0, float(landing) - _falling(FLOOR + ABOVE - below, gravity))
        half, height = float(rng.uniform(0.13, 0.155)), float(rng.uniform(0.17, 0.21))
        drops.append(Drop(float(x), -ABOVE, half, height, release, 0.0, 0.0))
    return drops


def _falling(distance: float, gravity: float) -> float:
    """Seconds of free fall from rest."""
    return float(np.sqrt(2 * distance / gravity))

"""Falling bodies in pymunk, with impact times refined far below the physics step.

Chipmunk advances positions, sees who touches, advances speeds by gravity, and then lets impulses act. Here half of
gravity acts before a step and half within it, which makes free fall exact at any step; so the time of the next touch is
known beforehand, and steps are cut there: one ends just short of the touch, the next one, a ten-millionth of a second
long, makes it. Impacts are thus exact to :data:`SHORTEST`, and so are the speeds that they act on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pymunk

STEP = 1 / 240
"""The longest step, in seconds."""
SHORTEST = 1e-7
"""The shortest one."""
_NEAR = 1e-8  # a step that is cut leaves bodies so far apart


@dataclass(frozen=True)
class Drop:
    """A body to drop: it hangs still until ``release`` seconds, then moves freely.

    Attributes:
        x, y: middle of its lower edge at first (y down).
        half: half its width.
        height: its height.
        release: seconds.
        velocity: sideways, from the release on.
        elasticity: speed after an impact relative to the speed before; a body with 0 stays where it lands.
    """

    x: float
    y: float
    half: float
    height: float
    release: float
    velocity: float
    elasticity: float


@dataclass(frozen=True)
class Fall:
    """What one body did.

    Attributes:
        times: seconds, one for every step.
        x, y: middle of its lower edge then.
        impacts: (seconds, impulse) of each landing on whatever lay below; bodies have unit mass.
    """

    times: list[float] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    impacts: list[tuple[float, float]] = field(default_factory=list)


class _World:
    """A floor and some bodies that wait, fall, or have landed for good."""

    def __init__(self, drops: list[Drop], floor: float, gravity: float) -> None:
        self.drops, self.floor, self.gravity = drops, floor, gravity
        self.now = 0.0
        self.falls = [Fall() for _ in drops]
        self.landed: set[int] = set()
        self.space = pymunk.Space()
        self.space.gravity = (0, gravity / 2)
        self.space.collision_slop = _NEAR
        ground = pymunk.Segment(self.space.static_body, (-20, floor + 1), (20, floor + 1), 1.0)
        ground.elasticity = 1.0
        self.space.add(ground)
        self.bodies = [pymunk.Body(1.0, float("inf")) for _ in drops]  # an infinite moment: they do not turn
        self.owners = {self._shape(i): i for i in range(len(drops))}
        self.space.on_collision(post_solve=self._touched)

    def _shape(self, i: int) -> pymunk.Shape:
        drop, body = self.drops[i], self.bodies[i]
        body.position = (drop.x, drop.y)
        corners = [(-drop.half, 0), (drop.half, 0), (drop.half, -drop.height), (-drop.half, -drop.height)]
        shape = pymunk.Poly(body, corners)
        shape.elasticity = drop.elasticity
        return shape

    def _touched(self, arbiter: pymunk.Arbiter, _space: pymunk.Space, _data: object) -> None:
        """Note an impact for the upper of the two bodies."""
        involved = [self.owners[shape] for shape in arbiter.shapes if shape in self.owners]
        upper = min(involved, key=lambda i: self.bodies[i].position.y)
        if arbiter.is_first_contact and upper not in self.landed:
            self.falls[upper].impacts.append((self.now, arbiter.total_impulse.length))
            if self.drops[upper].elasticity == 0:
                self.landed.add(upper)

    def release(self) -> None:
        """Let go of the bodies whose time has come."""
        for shape, i in self.owners.items():
            if shape not in self.space.shapes and self.drops[i].release - self.now <= 1e-9:
                self.bodies[i].velocity = (self.drops[i].velocity, 0)
                self.space.add(self.bodies[i], shape)

    def settle(self) -> None:
        """Fix what has landed: pymunk would carry the impact's impulse over into the next, longer step."""
        for i in self.landed:
            if self.bodies[i].body_type == pymunk.Body.DYNAMIC:
                self.bodies[i].body_type = pymunk.Body.STATIC

    def _falling(self) -> list[int]:
        """Bodies that move freely."""
        return [i for shape, i in self.owners.items() if shape in self.space.shapes and i not in self.landed]

    def _touches(self) -> Iterator[float]:
        """Seconds until each falling body nearly meets what lies below it."""
        falling = self._falling()
        for i in falling:
            body = self.bodies[i]
            yield self._reach(self.floor - body.position.y, body.velocity.y, self.gravity)
            for j, other in enumerate(self.bodies):
                beside = abs(body.position.x - other.position.x) >= self.drops[i].half + self.drops[j].half
                gap = other.position.y - self.drops[j].height - body.position.y
                if j in self.landed and not beside:
                    yield self._reach(gap, body.velocity.y, self.gravity)
                elif j in falling and j != i and not beside:
                    yield self._reach(gap, body.velocity.y - other.velocity.y, 0.0)

    @staticmethod
    def _reach(gap: float, closing: float, gravity: float) -> float:
        """Seconds in which ``gap`` closes but for a hair, at a closing speed that grows by ``gravity``."""
        if gap <= 0:
            return STEP
        if gap <= 2 * _NEAR:
            return SHORTEST
        distance = gap - _NEAR
        root = closing**2 + 2 * gravity * distance
        speed = closing + root**0.5  # from rest to infinity: never cancels for bodies that close in
        return 2 * distance / speed if speed > 0 else STEP

    def step(self) -> None:
        """Advance to the next touch or release, or by :data:`STEP`."""
        releases = [drop.release - self.now for drop in self.drops if drop.release - self.now > 1e-9]
        span = max(SHORTEST, min([STEP, *releases, *self._touches()]))
        for i in self._falling():
            self.bodies[i].velocity += (0, self.gravity / 2 * span)
        self.now += span
        self.space.step(span)

    def note(self) -> None:
        """Write down where everything is."""
        for body, fall in zip(self.bodies, self.falls, strict=True):
            fall.times.append(self.now)
            fall.x.append(body.position.x)
            fall.y.append(min(body.position.y, self.floor))


def drop_all(drops: list[Drop], floor: float, gravity: float, seconds: float) -> list[Fall]:
    """Let bodies fall on a floor and on each other; they do not turn.

    Args:
        drops: the bodies.
        floor: height of the floor (y down).
        gravity: acceleration downwards, units a second squared.
        seconds: how long.

    Returns:
        One path per body, in order.
    """
    world = _World(drops, floor, gravity)
    world.release()
    world.note()
    while world.now < seconds:
        world.step()
        world.settle()
        world.release()
        world.note()
    return world.falls

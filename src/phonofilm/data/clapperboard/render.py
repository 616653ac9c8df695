"""Pictures and sound of a scene, at any size, frame rate and sample rate.

Pictures are drawn many times a frame (:data:`RATE` times a second or more), twice as large as asked for, and averaged:
a camera whose shutter stays open for the whole frame. What a frame shows is thus an average over its span of time,
whatever the frame rate.

Every event in sight is marked by a flash where it happens and by a glow of what is struck, so that it shows in small
pictures too. ``flashes=False`` leaves both out: then an event shows by motion alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from phonofilm.data.clapperboard.act import FLOOR
from phonofilm.data.clapperboard.bodies import Body, Glow
from phonofilm.data.clapperboard.materials import Colour
from phonofilm.data.clapperboard.scenes import Scene, sample_scene
from phonofilm.data.clapperboard.sound import impact
from phonofilm.errors import SettingError
from phonofilm.media.clip import Clip
from phonofilm.shapes import ClipShape, sample_of

RATE = 48
"""Least number of drawings a second."""
SUPERSAMPLE = 2
FADE = 0.10
"""Time constant in seconds of the light of an impact."""
FLASH: Colour = (255, 250, 190)
SPARK_RADIUS = 0.15
"""Of the flash of an event, as a share of the shorter side of the picture."""
_SHIFT = 4  # bits below the pixel in OpenCV's fixed-point coordinates


def render(scene: Scene, shape: ClipShape, *, flashes: bool = True) -> Clip:
    """Pictures and sound.

    Args:
        scene: what happens.
        shape: of the clip.
        flashes: see :func:`render_frames`.

    Raises:
        SettingError: for a shape whose length is not the scene's, or more than two channels.
    """
    return Clip(render_frames(scene, shape, flashes=flashes), render_audio(scene, shape), shape.fps, shape.sample_rate)


def draw(seeds: Iterable[int], shape: ClipShape) -> Iterator[tuple[Scene, Clip]]:
    """Scenes with their clips, one after the other, with no disk.

    Raises:
        SettingError: for a shape or seed that no scene can have.
    """
    for seed in seeds:
        scene = sample_scene(seed, seconds=shape.seconds, sample_rate=shape.sample_rate)
        yield scene, render(scene, shape)


def _check(scene: Scene, shape: ClipShape) -> None:
    if shape.seconds != scene.seconds:
        raise SettingError(
            f"the scene lasts {scene.seconds} s and the clip {shape.seconds} s: "
            f"sample the scene with seconds={shape.seconds}"
        )


def render_audio(scene: Scene, shape: ClipShape) -> np.ndarray:
    """The sound: float32 ``(channel, sample)``, zero before the first audible event.

    One channel takes every event at full level; two share it by constant-power panning.
    """
    _check(scene, shape)
    if shape.channels not in (1, 2):
        raise SettingError(f"Clapperboard has 1 or 2 channels, not {shape.channels}: choose channels 1 or 2")
    out = np.zeros((shape.channels, shape.samples))
    for act in scene.acts:
        for nth, hit in enumerate(act.hits):
            start = sample_of(hit.event.time, shape.sample_rate)
            if not hit.event.audible or start >= shape.samples:
                continue
            sound = impact(act.voice, hit.event.strength, hit.pitch, nth, shape.sample_rate, shape.samples - start)
            out[:, start : start + len(sound)] += _gains(hit.event.pan, shape.channels)[:, None] * sound
    return np.clip(out, -1, 1).astype(np.float32)


def _gains(pan: float, channels: int) -> np.ndarray:
    """Level of each channel."""
    if channels == 1:
        return np.ones(1)
    turn = (pan + 1) * np.pi / 4
    return np.array([np.cos(turn), np.sin(turn)])


def render_frames(scene: Scene, shape: ClipShape, *, flashes: bool = True) -> np.ndarray:
    """The pictures: uint8 RGB ``(frame, height, width, 3)``.

    Args:
        scene: what happens.
        shape: of the clip.
        flashes: light up what is struck, and the place where an event happens. Without them only motion tells of an
            event; all else is drawn alike.

    Raises:
        SettingError: for a shape whose length is not the scene's.
    """
    _check(scene, shape)
    per_frame = max(2, -(-RATE * shape.fps.denominator // shape.fps.numerator))
    stage = _Canvas(scene, shape.height * SUPERSAMPLE, shape.width * SUPERSAMPLE, flashes)
    starts = np.arange(shape.frames * per_frame) / (float(shape.fps) * per_frame)
    drawings = stage.drawings(starts, float(1 / (shape.fps * per_frame)))
    frames = np.empty((shape.frames, shape.height, shape.width, 3), dtype=np.uint8)
    for frame in frames:
        total = np.zeros((stage.height, stage.width, 3), dtype=np.float32)
        for _ in range(per_frame):
            cv2.accumulate(next(drawings), total)
        small = cv2.resize(total, (shape.width, shape.height), interpolation=cv2.INTER_AREA)
        frame[:] = np.rint(small / per_frame)
    return frames


def light(glows: tuple[Glow, ...], starts: np.ndarray, span: float) -> np.ndarray:
    """Mean brightness in [0, 1] of fading ``glows`` over ``[start, start + span)``, exactly integrated."""
    total = np.zeros(len(starts))
    for glow in glows:
        since = starts - glow.time
        head, tail = np.maximum(since, 0), np.maximum(since + span, 0)
        total += (0.6 + 0.4 * glow.strength) * FADE / span * (np.exp(-head / FADE) - np.exp(-tail / FADE))
    return np.minimum(total, 1.0)


class _Canvas:
    """A scene laid out for pictures of one size (after supersampling)."""

    def __init__(self, scene: Scene, height: int, width: int, flashes: bool) -> None:
        self.scene, self.height, self.width, self.flashes = scene, height, width, flashes
        self.unit = min(height, width)
        self.origin = np.array([(width - self.unit) / 2, (height - self.unit) / 2])
        bodies = [body for act in scene.acts for body in act.bodies]
        still = next((i for i, body in enumerate(bodies) if body.moves), len(bodies))
        self.moving = bodies[still:]
        self.ground = self._ground()
        for body in bodies[:still]:
            self._draw(self.ground, self._corners(body, np.zeros(1)), 0, body, 0.0)

    def _ground(self) -> np.ndarray:
        """Backdrop above, floor below."""
        picture = np.empty((self.height, self.width, 3), dtype=np.uint8)
        picture[:] = self.scene.backdrop
        line = round(self.origin[1] + FLOOR * self.unit)
        picture[line:] = [c * 0.6 for c in self.scene.backdrop]
        return picture

    def _corners(self, body: Body, times: np.ndarray) -> list[np.ndarray]:
        """Fixed-point pixel corners of each face, ``(time, corner, 2)``."""
        angle, squash = body.angle.at(times), body.squash.at(times)
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        place = np.stack([body.x.at(times), body.y.at(times)], axis=-1)[:, None]
        out = []
        for face in body.faces:
            x, y = face.points[:, 0] / squash[:, None], face.points[:, 1] * squash[:, None]
            turned = np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
            pixels = (turned + place) * self.unit + self.origin - 0.5
            out.append(np.rint(pixels * (1 << _SHIFT)).astype(np.int32))
        return out

    def _draw(self, picture: np.ndarray, corners: list[np.ndarray], nth: int, body: Body, shine: float) -> None:
        for face, points in zip(body.faces, corners, strict=True):
            colour = tuple(c + (f - c) * shine for c, f in zip(face.colour, FLASH, strict=True))
            cv2.fillConvexPoly(picture, points[nth], colour, cv2.LINE_AA, _SHIFT)

    def drawings(self, starts: np.ndarray, span: float) -> Iterator[np.ndarray]:
        """Pictures at the middles of spans of time."""
        middles = starts + span / 2
        corners = [self._corners(body, middles) for body in self.moving]
        shines = [0.65 * light(body.glows if self.flashes else (), starts, span) for body in self.moving]
        lit = [event for event in self.scene.events if event.visible and self.flashes]
        sparks = [(self._spark(e.x, e.y), light((Glow(float(e.time), e.strength),), starts, span)) for e in lit]
        for nth in range(len(starts)):
            picture = self.ground.copy()
            for body, points, shine in zip(self.moving, corners, shines, strict=True):
                self._draw(picture, points, nth, body, shine[nth])
            for (area, mask), brightness in sparks:
                if brightness[nth] > 0.01:
                    spot = picture[area]
                    spot[:] = spot + mask * brightness[nth] * (np.array(FLASH, np.float32) - spot)
            yield picture

    def _spark(self, x: float, y: float) -> tuple[tuple[slice, slice], np.ndarray]:
        """Where the light of an impact falls, and how much of it, ``(rows, columns, 1)``."""
        cx, cy = np.array([x, y]) * self.unit + self.origin - 0.5
        radius = SPARK_RADIUS * self.unit
        rows = slice(max(0, int(cy - radius)), max(0, min(self.height, int(cy + radius) + 2)))
        columns = slice(max(0, int(cx - radius)), max(0, min(self.width, int(cx + radius) + 2)))
        down, across = np.ogrid[rows, columns]
        distance = np.hypot(down - cy, across - cx) / radius
        return (rows, columns), (0.95 * np.clip(2.0 * (1 - distance), 0, 1)).astype(np.float32)[..., None]

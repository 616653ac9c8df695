"""Clips that can be made in every variant: drawn scenes, and films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import cv2
import numpy as np

from phonofilm.benchmarks.rulers.variants import Picture, Sound, Variant
from phonofilm.data.clapperboard import VERSION, Scene, render_audio, render_frames
from phonofilm.data.clapperboard.act import Act
from phonofilm.data.clapperboard.materials import MATERIALS
from phonofilm.data.clapperboard.sound import Voice
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256
from phonofilm.media.read import read
from phonofilm.shapes import ClipShape

SCENES_VERSION, FILMS_VERSION = 1, 2
"""Grow whenever a variant of the same clip would look or sound different: readings are kept under them."""
MARGIN = 0.1
"""Seconds at both ends of a clip in which no sound is added."""


class Take(Protocol):
    """A clip in all its variants.

    Attributes:
        name: unique among takes.
        prompt: what it shows, in words, if that is known.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def prompt(self) -> str | None:
        """See above."""
        ...

    def describe(self) -> dict[str, Any]:
        """All that decides it, as plain values."""
        ...

    def clip(self, variant: Variant) -> Clip:
        """The clip as the variant has it."""
        ...


@dataclass(frozen=True, eq=False)
class SceneTake:
    """A Clapperboard scene.

    Attributes:
        scene: what happens.
        other: whose sound it gets when sounds are swapped.
        shape: of the clip; its rate is the usual one.
    """

    scene: Scene
    other: Scene
    shape: ClipShape

    @property
    def name(self) -> str:
        """Its seed."""
        return f"scene {self.scene.seed}"

    @property
    def prompt(self) -> str:
        """Its caption."""
        return self.scene.caption

    def describe(self) -> dict[str, Any]:
        """See :class:`Take`."""
        return {
            "takes": SCENES_VERSION,
            "clapperboard": VERSION,
            "scenes": [self.scene.seed, self.other.seed],
            "shape": str(self.shape),
        }

    def clip(self, variant: Variant) -> Clip:
        """See :class:`Take`."""
        fps = variant.picture.fps or self.shape.fps
        return Clip(self._frames(variant.picture), self._audio(variant.sound), fps, self.shape.sample_rate)

    @cached_property
    def _frames(self) -> Any:
        return cache(self._draw)

    @cached_property
    def _audio(self) -> Any:
        return cache(self._sound)

    def _draw(self, picture: Picture) -> np.ndarray:
        shape = replace(self.shape, fps=picture.fps or self.shape.fps)
        return worse_picture(render_frames(self.scene, shape), picture, self.scene.seed)

    def _sound(self, sound: Sound) -> np.ndarray:
        scene = changed(self.other if sound.swapped else self.scene, sound)
        return worse_sound(render_audio(scene, self.shape), self.shape.sample_rate, sound, self.scene.seed)


def changed(scene: Scene, sound: Sound) -> Scene:
    """The scene with its events as they shall sound; its picture is not to be drawn."""
    rng = np.random.default_rng([scene.seed, crc32(repr(sound).encode())])
    return replace(scene, acts=tuple(_sounding(act, scene, sound, rng) for act in scene.acts))


def _sounding(act: Act, scene: Scene, sound: Sound, rng: np.random.Generator) -> Act:
    rate, last = scene.sample_rate, int(scene.seconds * scene.sample_rate) - 1
    hits = []
    for hit in act.hits:
        moved = hit.event.sample + round(float(rng.normal(0, sound.jitter_ms)) * rate / 1000)
        heard = hit.event.audible and rng.random() >= sound.dropped
        hits.append(replace(hit, event=replace(hit.event, sample=min(max(moved, 0), last), audible=bool(heard))))
    if act is scene.acts[0]:
        times = rng.uniform(MARGIN, float(scene.seconds) - MARGIN, sound.added)
        hits += [
            replace(hits[0], event=replace(hits[0].event, sample=round(time * rate), audible=True)) for time in times
        ]
    voice = act.voice
    if sound.material:
        others = [name for name in MATERIALS if name != act.material]
        voice = Voice.sample(MATERIALS[others[int(rng.integers(len(others)))]], rng)
    return replace(act, hits=tuple(hits), voice=voice)


@dataclass(frozen=True, eq=False)
class FilmTake:
    """A film.

    Attributes:
        path: of the film.
        other: whose sound it gets when sounds are swapped.
    """

    path: Path
    other: Path
    prompt: str | None = None

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.name

    def describe(self) -> dict[str, Any]:
        """See :class:`Take`."""
        return {"takes": FILMS_VERSION, "films": [file_sha256(self.path), file_sha256(self.other)]}

    def clip(self, variant: Variant) -> Clip:
        """See :class:`Take`.

        Raises:
            MediaError: if a film cannot be read.
        """
        whole, sound = self._whole, variant.sound
        audio, rate = whole.audio, whole.sample_rate
        if sound.swapped:
            other = read(self.other, sample_rate=rate, channels=None if audio is None else len(audio), audio=True)
            audio = None if audio is None or other.audio is None else lasting(other.audio, audio.shape[1])
        if audio is not None:
            audio = worse_sound(audio, rate, sound, crc32(self.name.encode()))
        fps = min(variant.picture.fps or whole.fps, whole.fps)
        frames = None if whole.frames is None else self._pictures(replace(variant.picture, fps=fps))
        return Clip(frames, audio, fps, rate)

    @cached_property
    def _whole(self) -> Clip:
        return read(self.path)

    @cached_property
    def _pictures(self) -> Any:
        return cache(self._slow)

    def _slow(self, picture: Picture) -> np.ndarray:
        """At a lower rate, frame i is the one on screen in the middle of its time."""
        frames, step = self._whole.frames, self._whole.fps / (picture.fps or self._whole.fps)
        assert frames is not None
        shown = [int((index + Fraction(1, 2)) * step) for index in range(int(len(frames) / step))]
        return worse_picture(frames[shown], picture, crc32(self.name.encode()))


def worse_picture(frames: np.ndarray, picture: Picture, seed: int) -> np.ndarray:
    """Frames blurred and with noise."""
    if picture.blur:
        deviation = picture.blur * min(frames.shape[1:3])
        frames = np.stack([cv2.GaussianBlur(frame, (0, 0), deviation) for frame in frames])
    if picture.noise:
        rng = np.random.default_rng([seed, crc32(repr(picture).encode())])
        grain = rng.standard_normal(frames.shape, dtype=np.float32) * (255 * picture.noise)
        frames = np.clip(np.rint(frames + grain), 0, 255).astype(np.uint8)
    return frames


def worse_sound(audio: np.ndarray, sample_rate: int, sound: Sound, seed: int) -> np.ndarray:
    """Sound ``(channel, sample)`` moved and with noise."""
    moved = late(audio, round(sound.late_ms * sample_rate / 1000))
    if sound.snr_db is None:
        return moved
    level = float(np.sqrt(np.mean(np.square(audio)))) * 10 ** (-sound.snr_db / 20)
    rng = np.random.default_rng([seed, crc32(repr(sound).encode())])
    return np.clip(moved + level * rng.standard_normal(audio.shape, dtype=np.float32), -1, 1)


def lasting(audio: np.ndarray, samples: int) -> np.ndarray:
    """Sound ``(channel, sample)`` that is cut, or goes on from its beginning, to last so many samples."""
    return np.tile(audio, (1, -(-samples // audio.shape[1])))[:, :samples]


def late(audio: np.ndarray, samples: int) -> np.ndarray:
    """Sound ``(channel, sample)`` by so many samples later; what leaves it is lost, what comes in is silence."""
    length = audio.shape[1]
    kept = audio[:, max(0, -samples) : length - min(length, max(0, samples))]
    return np.pad(kept, ((0, 0), (max(0, samples), max(0, -samples))))[:, :length]


def paired(things: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each thing with the next one around."""
    return list(zip(things, [*things[1:], *things[:1]], strict=True))

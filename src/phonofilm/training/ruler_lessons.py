"""What each network of the ruler learns from: true Clapperboard clips, made worse at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from phonofilm.data.clapperboard import Scene, render_audio, render_frames, sample_scene
from phonofilm.metrics._ruler.ear import HOP_SECONDS, Ear, log_mel
from phonofilm.metrics._ruler.eye import Eye, look
from phonofilm.metrics._ruler.materials import NAMES, PictureMaterial, SoundMaterial, stills
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.training import ruler_degrade as degrade
from phonofilm.training.lesson import Lesson

SHAPE = ClipShape(Fraction(2), Fraction(24), 64, 64, 16_000)
"""Clips are drawn at 24 frames a second; averages of 2, 3 and 4 frames are exactly those of 12, 8 and 6."""
SLOWER = (1, 2, 3, 3, 3, 4)
"""Numbers of frames that are averaged, the commonest most often."""
SLOWEST = 6.0
SHIFT_WEIGHT = 0.5


@dataclass(frozen=True)
class Scenes:
    """The scenes that training draws into memory.

    Attributes:
        first_seed, count: their seeds.
    """

    first_seed: int
    count: int

    def all(self) -> list[Scene]:
        """The scenes."""
        return [sample_scene(self.first_seed + i, seconds=SHAPE.seconds) for i in range(self.count)]


@dataclass(frozen=True)
class Target:
    """What a detector should say of clips ``(B, T)``: heat in 0 .. 1, place of the nearest event, where that counts."""

    heat: Tensor
    shift: Tensor
    near: Tensor


def target(places: Sequence[np.ndarray], cells: int, sharpness: float) -> Target:
    """Target of clips whose events are at ``places`` (in cells, one array a clip)."""
    index = np.arange(cells)
    shift = np.full((len(places), cells), np.inf)
    for row, own in zip(shift, places, strict=True):
        if len(own):
            away = own[None, :] - index[:, None]
            row[:] = away[index, np.abs(away).argmin(axis=1)]
    heat = np.exp(-0.5 * (shift / sharpness) ** 2)
    near = np.abs(shift) <= 2 * sharpness + 0.5
    return Target(*(torch.from_numpy(a.astype(np.float32)) for a in (heat, np.where(near, shift, 0.0), near)))


def detection_loss(said: Tensor, wanted: Target) -> dict[str, Tensor]:
    """Cross-entropy of the heat per event-sized stretch, and absolute error of the places near events.

    Args:
        said: ``(B, T, 2)`` of a detector.
        wanted: what it should say.
    """
    logit, shift = said.unbind(-1)
    events = wanted.heat.sum().clamp(min=1.0)
    heat = functional.binary_cross_entropy_with_logits(logit, wanted.heat, reduction="sum") / events
    place = (wanted.near * (shift - wanted.shift).abs()).sum() / wanted.near.sum().clamp(min=1.0)
    return {"heat": heat, "place": SHIFT_WEIGHT * place}


class EyeLesson:
    """Events in pictures of 6 to 24 frames a second; only visible ones count."""

    senses = AV(True, False)

    def __init__(self, scenes: Scenes) -> None:
        self.network = Eye()
        drawn = scenes.all()
        self.frames = torch.stack([look(render_frames(scene, SHAPE), SHAPE.fps).frames for scene in drawn])
        self.times = [np.array([float(e.time) for e in scene.events if e.visible]) for scene in drawn]

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`Lesson`."""
        chosen = torch.randint(len(self.frames), (batch,), generator=generator)
        start, rate = _clock(generator)
        frames = degrade.pictures(at_rate(self.frames[chosen], start, rate), generator)
        places = [(self.times[i] - start) * rate - 0.5 for i in chosen.tolist()]
        said = self.network(frames, torch.full((batch,), rate))
        return detection_loss(said, target(places, frames.shape[1], self.network.sharpness))


def _clock(generator: torch.Generator) -> tuple[float, float]:
    """Start in seconds and frame rate of a batch: mostly one that 24 is a multiple of, else any."""
    if torch.rand((), generator=generator) < 0.7:
        group = SLOWER[int(torch.randint(len(SLOWER), (), generator=generator))]
        return 0.0, float(SHAPE.fps) / group
    fastest = float(SHAPE.fps)
    rate = SLOWEST * (fastest / SLOWEST) ** float(torch.rand((), generator=generator))
    return 0.2 * float(torch.rand((), generator=generator)), rate


def at_rate(frames: Tensor, start: float, rate: float) -> Tensor:
    """Clips ``(B, T, ...)`` of 24 frames a second from ``start`` seconds on, at ``rate``.

    Each new frame is the mean over its own span of time.
    """
    fps = float(SHAPE.fps)
    count = int((frames.shape[1] / fps - start) * rate + 1e-6)
    edges = torch.clamp((start + torch.arange(count + 1, dtype=torch.float64) / rate) * fps, max=frames.shape[1])
    old = torch.arange(frames.shape[1])
    overlap = torch.minimum(edges[1:, None], old + 1.0) - torch.maximum(edges[:-1, None], old.double())
    weights = overlap.clamp(min=0).float() * (rate / fps)
    return torch.einsum("nt,bt...->bn...", weights, frames.float())


class EarLesson:
    """Events in sounds; only audible ones count."""

    senses = AV(False, True)

    def __init__(self, scenes: Scenes) -> None:
        self.network = Ear()
        drawn = scenes.all()
        self.sound = _sound(drawn)
        self.times = [np.array([float(e.time) for e in scene.events if e.audible]) for scene in drawn]

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`Lesson`."""
        chosen = torch.randint(len(self.sound), (batch,), generator=generator)
        mels = _worse_mels(self.sound[chosen], generator)
        places = [self.times[i] / HOP_SECONDS for i in chosen.tolist()]
        return detection_loss(self.network(mels), target(places, mels.shape[1], self.network.sharpness))


class PictureMaterialLesson:
    """The materials of what is seen."""

    senses = AV(True, False)

    def __init__(self, scenes: Scenes) -> None:
        self.network = PictureMaterial()
        drawn = scenes.all()
        self.frames = torch.stack([stills(render_frames(scene, SHAPE)) for scene in drawn])
        self.shares = _shares([{e.material for e in scene.events if e.visible} for scene in drawn])

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`Lesson`."""
        chosen = torch.randint(len(self.frames), (batch,), generator=generator)
        said = self.network(degrade.pictures(self.frames[chosen], generator))
        return {"cross_entropy": functional.cross_entropy(said, self.shares[chosen])}


class SoundMaterialLesson:
    """The materials of what is heard, where anything is."""

    senses = AV(False, True)

    def __init__(self, scenes: Scenes) -> None:
        self.network = SoundMaterial()
        drawn = [scene for scene in scenes.all() if any(event.audible for event in scene.events)]
        self.sound = _sound(drawn)
        self.shares = _shares([{e.material for e in scene.events if e.audible} for scene in drawn])

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`Lesson`."""
        chosen = torch.randint(len(self.sound), (batch,), generator=generator)
        said = self.network(_worse_mels(self.sound[chosen], generator))
        return {"cross_entropy": functional.cross_entropy(said, self.shares[chosen])}


LESSONS: dict[str, Callable[[Scenes], Lesson]] = {
    "eye": EyeLesson,
    "ear": EarLesson,
    "picture-material": PictureMaterialLesson,
    "sound-material": SoundMaterialLesson,
}


def _worse_mels(sound: Tensor, generator: torch.Generator) -> Tensor:
    with torch.no_grad():
        return degrade.log_mels(log_mel(degrade.sounds(sound, generator)), generator)


def _sound(scenes: Sequence[Scene]) -> Tensor:
    return torch.from_numpy(np.stack([render_audio(scene, SHAPE)[0] for scene in scenes]))


def _shares(materials: Sequence[set[str]]) -> Tensor:
    """Equal shares of a clip's materials, ``(clips, len(NAMES))``."""
    rows = torch.tensor([[float(name in own) for name in NAMES] for own in materials])
    return rows / rows.sum(dim=1, keepdim=True)

"""When something happens, as seen in the picture and as heard in the sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.metrics._ruler.ear import HOP_SECONDS, Ear, listen
from phonofilm.metrics._ruler.eye import Eye, look
from phonofilm.metrics._ruler.store import ruler, shipped
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

CLOSEST = 0.1
"""Of detections nearer to each other than this, in seconds, the surest stays."""


@dataclass(frozen=True)
class Detection:
    """One event found.

    Attributes:
        time: in seconds, finer than a frame.
        confidence: from 0 to 1.
    """

    time: float
    confidence: float


class _Seen:
    """The reading of the events seen in a clip that has picture and sound: times in seconds."""

    uses = AV(True, False)

    @property
    def id(self) -> str:
        return f"seen@1-{ruler()}"

    def __call__(self, subject: Subject) -> Arrays:
        subject.whole()
        return {"times": times(see(subject.clip))}


class _Heard:
    """The reading of the events heard in a clip that has picture and sound: times in seconds."""

    uses = AV(False, True)

    @property
    def id(self) -> str:
        return f"heard@1-{ruler()}"

    def __call__(self, subject: Subject) -> Arrays:
        subject.whole()
        return {"times": times(hear(subject.clip))}


_EVENTS = AV(_Seen(), _Heard())


def events(subject: Subject) -> AV[np.ndarray]:
    """When something is seen and heard in a clip, in seconds, rising.

    Raises:
        MediaError: if picture or sound is missing.
    """
    return _EVENTS.map(lambda reading: subject.read(reading)["times"])


def times(detections: tuple[Detection, ...]) -> np.ndarray:
    """Times in seconds, ``(events,)``."""
    return np.array([detection.time for detection in detections])


@torch.no_grad()
def see(clip: Clip) -> tuple[Detection, ...]:
    """Events seen, from frames alone.

    Raises:
        MediaError: if there is no picture.
    """
    if clip.frames is None or not len(clip.frames):
        raise MediaError("the clip has no picture: events are seen in a picture only")
    eye = shipped(Eye)
    view = look(clip.frames, clip.fps)
    heat, shift = eye(view.frames[None], torch.tensor([view.rate]))[0].unbind(-1)
    found = peaks(heat.sigmoid(), shift, eye.sharpness, eye.threshold)
    return _thinned([Detection((place + 0.5) / view.rate, sure) for place, sure in found])


@torch.no_grad()
def hear(clip: Clip) -> tuple[Detection, ...]:
    """Events heard, from sound alone.

    Raises:
        MediaError: if there is no sound.
    """
    if clip.audio is None or not clip.audio.size:
        raise MediaError("the clip has no sound: events are heard in a sound only")
    ear = shipped(Ear)
    heat, shift = ear(listen(clip.audio, clip.sample_rate)[None])[0].unbind(-1)
    found = peaks(heat.sigmoid(), shift, ear.sharpness, ear.threshold)
    return _thinned([Detection(place * HOP_SECONDS, sure) for place, sure in found])


def peaks(heat: Tensor, shift: Tensor, sharpness: float, threshold: float) -> list[tuple[float, float]]:
    """Local maxima of ``heat``, each at its cell's index plus ``shift``.

    An event heats the cells around it by a Gaussian of ``sharpness`` cells. Its confidence is the heat within
    two of them, relative to that of a sure event, so it does not depend on where between cells the event is.

    Args:
        heat, shift: ``(cells,)``.
        sharpness: in cells.
        threshold: least confidence.

    Returns:
        Places in cells and confidences.
    """
    around = round(2 * sharpness)
    padded = torch.nn.functional.pad(heat, (around, around))
    windows = padded.unfold(0, 2 * around + 1, 1)
    best = (heat > windows[:, :around].amax(dim=1)) & (heat >= windows[:, around + 1 :].amax(dim=1))
    sure = (windows.sum(dim=1) / (sharpness * (2 * np.pi) ** 0.5)).clamp(max=1.0)
    chosen = torch.nonzero(best & (sure >= threshold)).flatten().tolist()
    return [(i + float(shift[i]), float(sure[i])) for i in chosen]


def _thinned(found: list[Detection]) -> tuple[Detection, ...]:
    """Detections after those too near a surer one are gone, in order of time; none before the clip's start."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda d: -d.confidence):
        if all(abs(one.time - other.time) >= CLOSEST for other in kept):
            kept.append(one)
    return tuple(sorted((Detection(max(0.0, d.time), d.confidence) for d in kept), key=lambda d: d.time))

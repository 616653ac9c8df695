"""Which of a clip's frames published networks see."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.resample import resample_frames
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV


def frames_of(subject: Subject) -> np.ndarray:
    """The frames of a clip, uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: if it has none.
    """
    subject.check(AV(True, False))
    return subject.clip.frames  # pyright: ignore[reportReturnType]  # just checked


def ticks(clip: Clip, fps: int) -> np.ndarray:
    """Which of a clip's frames stand at each tick of ``fps`` a second, int ``(tick,)``; the clip has a picture.

    Frames are chosen or held, never blended: at each tick the one on screen in the middle of it. ffmpeg's ``fps``
    filter with its default rounding chooses the same ones.
    """
    assert clip.frames is not None
    return resample_frames(np.arange(len(clip.frames)), clip.fps, Fraction(fps))


def frames_at(clip: Clip, fps: int) -> np.ndarray:
    """A clip's frames at ``fps``, uint8 ``(frame, height, width, 3)``, chosen by :func:`ticks`."""
    assert clip.frames is not None
    return clip.frames[ticks(clip, fps)]


def at_rate(frames: np.ndarray, source_fps: Fraction, fps: Fraction) -> np.ndarray:
    """At another frame rate, but of each new frame the picture that was on screen when it begins.

    That is ``VideoClips`` of torchvision: new frame ``i`` is old frame ``floor(i * source_fps / fps)``, for
    ``i < floor(frames * fps / source_fps)``.
    """
    count = math.floor(len(frames) * fps / source_fps)
    return frames[[math.floor(i * source_fps / fps) for i in range(count)]]


def first(frames: np.ndarray, count: int, fps: Fraction) -> np.ndarray:
    """The first ``count`` frames; ``fps`` is for the error.

    Raises:
        MediaError: if there are fewer.
    """
    if len(frames) < count:
        raise MediaError(
            f"the clip has {len(frames)} frames at {float(fps):g} a second, and {count} are needed: choose clips of "
            f"at least {float(count / fps):g} s"
        )
    return frames[:count]


def spread(frames: np.ndarray, count: int) -> np.ndarray:
    """``count`` frames at even distances from the first to the last, which repeat where there are fewer."""
    return frames[torch.linspace(0, len(frames) - 1, count).round().long().numpy()]

"""A film as it passes by: its pictures made small, its sound in stretches of a second, each decoded once.

However long the film is, no more of it is held than one picture and two seconds of sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from phonofilm.errors import MediaError
from phonofilm.media.frames import decoded_frames
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo
from phonofilm.media.sound import Block, blocks_of
from phonofilm.media.source import time_of
from phonofilm.shapes import nearest, sample_of

SHORT_SIDE, LONGEST_SIDE = 36, 128
"""Pictures are made this small, in proportion: 64x36 from 16:9, 48x36 from 4:3, 36x64 from a telephone held upright."""
_ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
"""Waking PyAV's scaling threads costs more than making one picture small; before version 17 it had none."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, made small.

    Attributes:
        pts: when it is shown, in ticks of its stream's time base.
        time: the same in seconds after the film's start, as near as a float is.
        rgb: uint8 ``(height, width, 3)``, as it is stored: not turned upright.
    """

    pts: int
    time: float
    rgb: np.ndarray


@dataclass(frozen=True, eq=False)
class Sound:
    """A stretch of sound.

    Attributes:
        index: of its first sample, counted from the film's start at its own rate.
        samples: float32 ``(channel, sample)``, as decoded: lossy codecs may pass [-1, 1].
    """

    index: int
    samples: np.ndarray

    @property
    def stop(self) -> int:
        """Index past its last sample."""
        return self.index + self.samples.shape[1]


def pictures(info: MediaInfo, video: VideoInfo, since: Fraction) -> Iterator[Picture]:
    """The film's pictures from the one on screen at ``since`` (seconds after the film's start) or an earlier one.

    They are decoded roughly (:func:`phonofilm.media.source.decode`): so small, nobody would see it.

    Raises:
        MediaError: if the film is damaged or cut short.
    """
    reformatter, frame, size, tick, origin = VideoReformatter(), None, (0, 0), 0.0, float(info.origin)
    for frame in decoded_frames(info, since, rough=True):
        if frame.pts is None:
            continue  # it has no place in any clip
        if not tick:
            tick = float(frame.time_base)
            size = small(frame.height, nearest(frame.width * video.pixel_aspect))
        made = reformatter.reformat(
            frame, height=size[0], width=size[1], format="rgb24", interpolation="AREA", **_ONE_THREAD
        )
        yield Picture(frame.pts, frame.pts * tick - origin, made.to_ndarray())
    if frame is not None and frame.pts is not None:
        shown = max((frame.duration or 0) * frame.time_base, 1 / video.fps)
        info.check_whole(video, time_of(frame) - info.origin + shown)


def small(height: int, width: int) -> tuple[int, int]:
    """Height and width in the same proportion with a short side of :data:`SHORT_SIDE`."""
    scale = Fraction(SHORT_SIDE, max(min(height, width), 1))
    return min(nearest(height * scale), LONGEST_SIDE), min(nearest(width * scale), LONGEST_SIDE)


def sounds(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[Sound]:
    """The film's sound without a gap from ``since`` (seconds after its start) to its end; what is missing is silent.

    Raises:
        MediaError: if the film is damaged or cut short, or holds sound that is not a number.
    """
    begin = reached = sample_of(since, audio.sample_rate)
    held: list[np.ndarray] = []
    for part in _without_gaps(blocks_of(info, audio, since), begin, audio):
        held.append(part)
        reached += part.shape[1]
        if reached - begin >= audio.sample_rate:
            yield _sound(info, begin, held)
            begin, held = reached, []
    if held:
        yield _sound(info, begin, held)
    info.check_whole(audio, Fraction(reached, audio.sample_rate))


def _without_gaps(blocks: Iterator[Block], reached: int, audio: AudioInfo) -> Iterator[np.ndarray]:
    """Samples from ``reached`` on; of two blocks with the same time the first one is heard."""
    for block in blocks:
        while reached < block.index:
            silent = min(block.index - reached, audio.sample_rate)
            yield np.zeros((audio.channels, silent), np.float32)
            reached += silent
        if block.stop > reached:
            yield block.samples[:, reached - block.index :]
            reached = block.stop


def _sound(info: MediaInfo, index: int, parts: list[np.ndarray]) -> Sound:
    samples = np.concatenate(parts, axis=1)
    if not np.isfinite(samples).all():
        raise MediaError(f"{info.path} holds sound that is not a number: choose another file")
    return Sound(index, samples)

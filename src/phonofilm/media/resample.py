"""From one clock to another: sound by band-limited interpolation, pictures by holding frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Generic, TypeVar

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.shapes import nearest

P = TypeVar("P")

STAMP_ERROR = Fraction(1, 1000)
"""Time stamps may be this wrong, in seconds: Matroska rounds them to milliseconds."""


@dataclass(frozen=True)
class Shown(Generic[P]):
    """A picture and the time for which a film shows it.

    Attributes:
        start, end: seconds.
        picture: whatever stands for the picture.
    """

    start: Fraction
    end: Fraction
    picture: P


@dataclass(frozen=True)
class Clock:
    """A constant frame clock.

    Attributes:
        start: time of tick 0 in seconds.
        fps: ticks a second.
        ticks: how many there are at most; ``None``: as many as the film fills.
    """

    start: Fraction
    fps: Fraction
    ticks: int | None = None

    def middle(self, tick: int) -> Fraction:
        """Time in the middle of a tick's frame, in seconds, short of it by the error of time stamps.

        A tick shows the picture that is on screen in the middle of its frame. Onsets then come as often
        early as late, at any pair of rates; the picture on screen at the frame's *beginning* would delay
        them by half a frame on average. Ties go to the picture that is already on screen.
        """
        half = 1 / (2 * self.fps)
        return self.start + tick / self.fps + half - min(STAMP_ERROR, half / 5)

    def until(self, end: Fraction) -> int:
        """Number of ticks before ``end``, to the nearest whole one."""
        filled = max(nearest((end - self.start) * self.fps), 0)
        return filled if self.ticks is None else min(filled, self.ticks)


def on_clock(shown: Iterable[Shown[P]], clock: Clock) -> Iterator[P]:
    """For each tick of ``clock`` the picture on screen in the middle of its frame (:meth:`Clock.middle`).

    Before the first picture's time that picture is shown; after the last one's end nothing is.

    Args:
        shown: pictures in the order of their time.
        clock: the ticks wanted.
    """
    tick, current = 0, None
    for upcoming in shown:
        while current is not None and tick != clock.ticks and clock.middle(tick) < upcoming.start:
            yield current.picture
            tick += 1
        if tick == clock.ticks:
            return
        current = upcoming
    if current is not None:
        for _ in range(tick, max(clock.until(current.end), 1 if clock.start < current.end else 0)):
            yield current.picture


def resample_frames(frames: np.ndarray, source_fps: Fraction, fps: Fraction) -> np.ndarray:
    """Pictures at another frame rate, chosen or held, never blended.

    Args:
        frames: ``(frame, ...)``.
        source_fps, fps: frames a second before and after.

    Returns:
        ``(round(frame * fps / source_fps), ...)``, at least one frame where there was one.

    Raises:
        MediaError: if a rate is not positive.
    """
    if min(source_fps, fps) <= 0:
        raise MediaError(f"cannot go from {source_fps} to {fps} frames a second: rates must be positive")
    shown = (Shown(i / source_fps, (i + 1) / source_fps, i) for i in range(len(frames)))
    return frames[list(on_clock(shown, Clock(Fraction(0), fps)))]


def resample_audio(audio: np.ndarray, source_rate: int, rate: int) -> np.ndarray:
    """Sound at another sample rate (soxr, linear phase: nothing moves in time).

    Args:
        audio: float32 ``(channel, sample)``.
        source_rate, rate: samples a second before and after.

    Returns:
        float32 ``(channel, round(sample * rate / source_rate))``; the same array if the rates agree.
        Values may pass [-1, 1] by the filter's ringing.

    Raises:
        MediaError: if a rate is not positive.
    """
    import soxr

    if min(source_rate, rate) <= 0:
        raise MediaError(f"cannot resample from {source_rate} to {rate} Hz: sample rates must be positive")
    if source_rate == rate:
        return audio
    length = nearest(Fraction(audio.shape[1] * rate, source_rate))
    if length == 0:
        return audio[:, :0]
    sound = soxr.resample(np.ascontiguousarray(audio.T), source_rate, rate).T.astype(np.float32, copy=False)
    missing = max(length - sound.shape[1], 0)
    return np.ascontiguousarray(np.pad(sound, ((0, 0), (0, missing)))[:, :length])


@dataclass(frozen=True)
class SampleWindow:
    """A stretch of sound at one rate, and the stretch of another rate that it is computed from.

    Attributes:
        source: first and past-the-last sample to read at the source's rate (``None``: to the end); it
            starts where the two clocks agree exactly and is wider than needed by the filter's reach.
        skip: samples to leave out after resampling.
        count: samples to keep (``None``: all).
    """

    source: tuple[int, int | None]
    skip: int
    count: int | None


def sample_window(start: int, count: int | None, source_rate: int, rate: int) -> SampleWindow:
    """Where to read so that samples ``start .. start + count`` at ``rate`` come out exactly.

    Cutting by index at the wanted rate makes a cut equal to the same slice of the whole film's sound.
    """
    if source_rate == rate:
        return SampleWindow((start, None if count is None else start + count), 0, count)
    shared = gcd(source_rate, rate)
    source_step, step = source_rate // shared, rate // shared
    reach = max(source_rate, rate) // 4
    first = max((start * source_step - reach * step) // (step * source_step), 0)
    stop = None if count is None else -(-(start + count) * source_step // step) + reach
    return SampleWindow((first * source_step, stop), start - first * step, count)


def clip_window(first: int, count: int, source_rate: int, rate: int) -> SampleWindow:
    """Where to read so that ``count`` samples from ``first`` on, at the source's rate, come out at ``rate``.

    The new clock starts at the sample ``first``; what the filter reaches beyond both ends is read too, so that a
    clip sounds at its edges as it does in the film. The window may start before the film does, where it is silent.
    """
    if source_rate == rate:
        return SampleWindow((first, first + count), 0, count)
    shared = gcd(source_rate, rate)
    source_step, step = source_rate // shared, rate // shared
    reach = max(source_rate, rate) // 4
    steps = -(-reach // source_step)
    length = nearest(Fraction(count * rate, source_rate))
    return SampleWindow((first - steps * source_step, first + count + reach), steps * step, length)


class StreamResampler:
    """:func:`resample_audio` piece by piece, and only what a window keeps; no length drifts.

    Args:
        channels: of the sound.
        source_rate, rate: samples a second before and after.
        window: what is fed, and which part of what comes out is kept.
    """

    def __init__(self, channels: int, source_rate: int, rate: int, window: SampleWindow) -> None:
        import soxr

        self._same = source_rate == rate
        self._soxr = soxr.ResampleStream(source_rate, rate, channels, dtype="float32")
        self._skip, self._left = window.skip, window.count

    def take(self, samples: np.ndarray, *, last: bool = False) -> np.ndarray:
        """The next samples, float32 ``(channel, sample)`` both ways; after the ``last`` ones all has come out."""
        out = samples if self._same else self._soxr.resample_chunk(np.ascontiguousarray(samples.T), last=last).T
        skipped = min(self._skip, out.shape[1])
        kept = out[:, skipped : None if self._left is None else skipped + self._left]
        self._skip -= skipped
        self._left = None if self._left is None else self._left - kept.shape[1]
        return kept

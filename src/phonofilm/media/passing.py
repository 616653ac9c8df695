"""What a clip takes of a film that passes by: the times of its pictures, the samples of its sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.media.mix import mix
from phonofilm.media.probe import SHORTFALL, AudioInfo
from phonofilm.media.resample import Clock, StreamResampler, clip_window
from phonofilm.media.sound import Block
from phonofilm.media.span import Span
from phonofilm.shapes import nearest

FINEST = 10**7
"""Ticks a second of the finest clock that is kept; finer ones are rounded to :data:`USUAL`."""
USUAL = 90_000


class OwnTimes:
    """Every picture at its own time.

    Args:
        tick: of the film's clock, in seconds.
    """

    def __init__(self, tick: Fraction) -> None:
        self.tick = Fraction(1, tick.denominator if tick.denominator <= FINEST else USUAL)
        self._scale = tick / self.tick
        self.error = Fraction(0)

    def stamps(self, begin: int, end: int, *, last: bool) -> Iterator[tuple[int, int]]:
        """Time and length, on the clip's clock, of a picture shown from ``begin`` to ``end`` on the film's."""
        first, stop = nearest(begin * self._scale), nearest(end * self._scale)
        yield first, stop - first


class SteadyTimes:
    """The picture on screen in the middle of each tick of a constant clock (:class:`Clock`).

    Args:
        fps: frames a second.
        tick: of the film's clock, in seconds.
        end: of the clip on the film's clock, from its beginning.

    Attributes:
        error: at most, so far, between the middle of a tick and that of the time for which the film shows its
            picture, in seconds.
    """

    def __init__(self, fps: Fraction, tick: Fraction, end: int) -> None:
        self.tick, self._source_tick = 1 / fps, tick
        self._clock = Clock(Fraction(0), fps, max(nearest(end * tick * fps), 1))
        self._next = 0
        self.error = Fraction(0)

    def stamps(self, begin: int, end: int, *, last: bool) -> Iterator[tuple[int, int]]:
        """See :meth:`OwnTimes.stamps`; the last picture fills what is left."""
        middle = (begin + end) * self._source_tick / 2
        while self._next != self._clock.ticks and (last or self._clock.middle(self._next) < end * self._source_tick):
            self.error = max(self.error, abs((self._next + Fraction(1, 2)) * self.tick - middle))
            yield self._next, 1
            self._next += 1


@dataclass
class SoundWindow:
    """The sound of one clip, out of the blocks of a film as they come.

    Attributes:
        audio: the film's sound.
        span: of the clip.
        rate: samples a second of the clip.
        channels: of the clip; ``None``: the film's.
        missing: samples of the clip, so far, that the film does not have; they are silent.
    """

    audio: AudioInfo
    span: Span
    rate: int
    channels: int | None
    missing: int = 0

    def __post_init__(self) -> None:
        window = clip_window(self.span.first_sample, self.span.samples, self.audio.sample_rate, self.rate)
        assert window.source[1] is not None
        self.first, self.stop = self._next, _ = window.source[0], window.source[1]
        self._resampler = StreamResampler(self.out_channels, self.audio.sample_rate, self.rate, window)

    @property
    def out_channels(self) -> int:
        """How many channels come out."""
        return self.channels or self.audio.channels

    @property
    def is_full(self) -> bool:
        """Nothing more is needed."""
        return self._next == self.stop

    def take(self, block: Block) -> np.ndarray:
        """What comes out, at the clip's rate, of the film's next samples.

        Raises:
            MediaError: if they are not numbers or cannot be mixed.
        """
        low, high = max(block.index, self._next), min(block.stop, self.stop)
        if low >= high:
            return self._out(0, np.zeros((self.audio.channels, 0), np.float32))
        samples = block.samples[:, low - block.index : high - block.index]
        return self._out(low - self._next, samples)

    def end(self) -> np.ndarray:
        """The rest, once the film has no more.

        Raises:
            MediaError: if it lacks more of the clip's sound, wherever, than a header may be wrong by.
        """
        rest = self._out(self.stop - self._next, np.zeros((self.audio.channels, 0), np.float32), last=True)
        if self.missing > SHORTFALL * self.audio.sample_rate:
            raise MediaError(
                f"the film lacks {self.missing} of the clip's {self.span.samples} samples: "
                "it is damaged there, or changed since it was split"
            )
        return rest

    def _out(self, silent: int, samples: np.ndarray, *, last: bool = False) -> np.ndarray:
        """Resample so many silent samples and then those given."""
        if not np.isfinite(samples).all():
            raise MediaError("the film holds sound that is not a number: choose another one")
        own = self.span.first_sample, self.span.first_sample + self.span.samples
        self.missing += max(min(self._next + silent, own[1]) - max(self._next, own[0]), 0)
        self._next += silent + samples.shape[1]
        whole = np.pad(samples, ((0, 0), (silent, 0))) if silent else samples
        mixed = whole if self.channels is None else mix(whole, self.audio.speakers, self.channels)
        return np.clip(self._resampler.take(mixed, last=last), -1, 1)

"""A film's sound, cut by sample index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np

from phonofilm.errors import MediaError
from phonofilm.media.mix import mix
from phonofilm.media.probe import AudioInfo, MediaInfo
from phonofilm.media.resample import resample_audio, sample_window
from phonofilm.media.source import decode, decode_after_seek, film_streams, opened
from phonofilm.shapes import nearest

SEEK_BEYOND = 4
"""Films are decoded from their beginning up to here, in seconds; further in, seeking is quicker."""
RUN_UP = 2
"""Seconds decoded before a cut and thrown away: a codec's state has settled by then."""
JUMP = Fraction(3, 1000)
"""Where time stamps leave the count of samples by more than this, in seconds, sound is really missing
or doubled; less is rounding and jitter of the stamps."""
VORBIS_WOBBLE = 8192 // 4
"""In samples: a Vorbis packet yields sound from the middle of the block before it, so where blocks of
different lengths meet, stamps and samples part by up to a quarter of the longest block, for a while."""


def read_sound(
    info: MediaInfo, audio: AudioInfo, first: int, count: int | None, rate: int, channels: int | None
) -> np.ndarray:
    """Samples ``first .. first + count`` of the film at ``rate``, float32 ``(channel, sample)`` in [-1, 1].

    Raises:
        MediaError: if the film is damaged or cut short, changes its format on the way, holds sound that is
            not a number, or cannot be mixed to ``channels``.
    """
    window = sample_window(first, count, audio.sample_rate, rate)
    source = _samples(info, audio, *window.source)
    if not np.isfinite(source).all():
        raise MediaError(f"{info.path} holds sound that is not a number: choose another file")
    mixed = source if channels is None else mix(source, audio.speakers, channels)
    sound = resample_audio(mixed, audio.sample_rate, rate)[:, window.skip :]
    return np.clip(sound if window.count is None else sound[:, : window.count], -1, 1)


@dataclass(frozen=True)
class Block:
    """A run of decoded samples.

    Attributes:
        index: of the first one, counted from the film's start.
        samples: float32 ``(channel, sample)``.
        heard: how many of them are not the codec's padding.
    """

    index: int
    samples: np.ndarray
    heard: int

    @property
    def stop(self) -> int:
        """Index past its last sample."""
        return self.index + self.samples.shape[1]

    def without_padding(self) -> Block:
        """Its samples that are heard."""
        return replace(self, samples=self.samples[:, : self.heard])


def _samples(info: MediaInfo, audio: AudioInfo, begin: int, stop: int | None) -> np.ndarray:
    """Samples ``begin .. stop`` of the film; gaps in the stream are silent."""
    blocks: list[Block] = []
    for block in blocks_of(info, audio, Fraction(begin, audio.sample_rate)):
        if stop is not None and block.index >= stop:
            break
        blocks.append(block)
    else:
        if blocks:
            info.check_whole(audio, Fraction(blocks[-1].stop, audio.sample_rate))
    filled = max((block.stop for block in blocks), default=begin)
    length = max((filled if stop is None else min(filled, stop)) - begin, 0)
    out = np.zeros((audio.channels, length), np.float32)
    for block in blocks:
        low, high = max(block.index, begin), min(block.stop, begin + length)
        if low < high:
            out[:, low - begin : high - begin] = block.samples[:, low - block.index : high - block.index]
    return out


def blocks_of(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[Block]:
    """The film's sound in order, from ``since`` (seconds after the film's start) or earlier, without padding."""
    held = None
    for block in _stamped(info, audio, since):
        if held is not None:
            yield held
        held = block
    if held is not None:
        yield held.without_padding()


def _stamped(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[Block]:
    """The film's sound in order, each block following the last unless the time stamps really jump."""
    planar = _planar(info, audio)
    jump = jump_of(audio)
    expected = None
    begin = info.origin * audio.sample_rate
    for frame in _decoded(info, audio, since):
        if frame.pts is not None:
            stamp = nearest(frame.pts * (frame.time_base * audio.sample_rate) - begin)
            if expected is None or abs(stamp - expected) > jump:
                expected = stamp
        if expected is None:
            continue  # nothing tells yet where this sound belongs
        block = Block(expected, planar(frame), _heard(frame, audio))
        yield block
        expected = block.stop


def jump_of(audio: AudioInfo) -> Fraction:
    """By how many samples time stamps must leave the count of samples to be believed."""
    return JUMP * audio.sample_rate + (VORBIS_WOBBLE if audio.codec == "vorbis" else 0)


def _heard(frame: Any, audio: AudioInfo) -> int:
    """Samples of a frame without the padding that MP4 tells of by the packet's duration alone.

    Clocks coarser than the sample rate round that duration, and such formats mark their padding otherwise.
    """
    tells = frame.duration and frame.time_base == Fraction(1, audio.sample_rate)
    return min(frame.duration, frame.samples) if tells else frame.samples


def _decoded(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[Any]:
    """Decoded sound from ``since`` (seconds after the film's start) or earlier.

    Only an MP4's sample table leads to the exact sample; elsewhere time stamps are rounded, or guessed
    after a seek, so the sound is counted from the beginning.
    """
    with opened(info.path) as container:
        stream = film_streams(container).audio
        if since > SEEK_BEYOND and info.is_indexed and stream.time_base == Fraction(1, audio.sample_rate):
            yield from decode_after_seek(info.path, container, stream, info.origin + since - RUN_UP)
        else:
            yield from decode(info.path, container, stream)


def _planar(info: MediaInfo, audio: AudioInfo) -> Callable[[Any], np.ndarray]:
    """A function from decoded frames to float32 ``(channel, sample)``."""
    converters: dict[str, av.AudioResampler] = {}

    def convert(frame: Any) -> np.ndarray:
        if frame.sample_rate != audio.sample_rate or len(frame.layout.channels) != audio.channels:
            raise MediaError(f"{info.path} changes its sample rate or channels on the way: re-encode it first")
        key = f"{frame.layout.name} {frame.format.name}"
        if key not in converters:
            converters[key] = av.AudioResampler(format="fltp", layout=frame.layout.name, rate=audio.sample_rate)
        return np.concatenate([part.to_ndarray() for part in converters[key].resample(frame)], axis=1)

    return convert

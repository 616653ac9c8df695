"""Films to clips: every stream on the film's own clock, at the rates and size asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.mix import mix
from phonofilm.media.picture import picture_of
from phonofilm.media.probe import AudioInfo, MediaInfo, VideoInfo, probe
from phonofilm.media.resample import Clock, Shown, lookahead, on_clock, resample_audio, sample_window
from phonofilm.media.source import film_streams, opened, time_of
from phonofilm.pair import AV
from phonofilm.shapes import exact, nearest, sample_of

SEEK_BEYOND = 4
"""Films are decoded from their beginning up to here, in seconds; further in, seeking is quicker."""
AUDIO_RUN_UP = 2
"""Seconds of sound decoded before a cut and thrown away: a codec's state has settled by then."""
SHORTFALL = Fraction(1, 4)
"""A stream that ends this much before its header says, in seconds, has been cut short."""
JUMP = Fraction(3, 1000)
"""Sound whose time stamps jump by more than this, in seconds, really has a gap; less is rounding."""


def read(
    path: str | Path,
    *,
    start: float | Fraction = 0,
    seconds: float | Fraction | None = None,
    fps: float | Fraction | None = None,
    sample_rate: int | None = None,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    video: bool | None = None,
    audio: bool | None = None,
) -> Clip:
    """Read a film, or a stretch of one.

    Pictures and sound are put on one clock by their time stamps; encoder delay and edit lists are
    honoured. Time zero is the first picture shown or the first sample heard, whichever is earlier. If
    the sound begins later it is preceded by silence; if the picture begins later its first frame is held.
    Each stream keeps its own end: if one ends earlier it is shorter, and nothing is made up.

    Pictures are upright RGB with square pixels on a constant clock (see
    :func:`~phonofilm.media.resample.lookahead` for which one each tick gets). Sound is cut by sample index
    at the wanted rate, so a cut equals the same slice of the whole film; it is limited to [-1, 1].

    Args:
        path: the film.
        start: where to begin, in seconds.
        seconds: how much to read; default: to the end.
        fps: frames a second; default: the film's nominal rate.
        sample_rate: samples a second; default: the film's.
        channels: mix the sound to that many (1, 2, 6 ...); default: as they are.
        size: (height, width) that the picture is scaled to cover and cut to; default: its own.
        video, audio: ``True``: the film must have it; ``False``: leave it; ``None``: take it if it is there.

    Returns:
        The clip. Where a stream is missing and its rate was not given, that rate is 0.

    Raises:
        MediaError: if the file is not a film, is damaged or cut short, lacks a stream that must be there,
            or ends before ``start``; or if a number asked for makes no sense.
    """
    info = probe(path)
    wanted = AV(_wanted(info, info.video, video, "picture"), _wanted(info, info.audio, audio, "sound"))
    if not wanted.present():
        raise MediaError(f"{info.path} has nothing of what was asked for: ask for its picture or its sound")
    cut = _Cut(exact(start), None if seconds is None else exact(seconds))
    rates = AV(
        exact(fps) if fps is not None else Fraction(0) if wanted.video is None else wanted.video.fps,
        sample_rate if sample_rate is not None else 0 if wanted.audio is None else wanted.audio.sample_rate,
    )
    _check(cut, wanted.map(lambda _, rate: rate, rates), size, channels)
    frames = None if wanted.video is None else _read_frames(info, wanted.video, cut, rates.video, size)
    sound = None if wanted.audio is None else _read_audio(info, wanted.audio, cut, rates.audio, channels)
    clip = Clip(frames, sound, rates.video, rates.audio)
    if clip.seconds == 0:
        raise MediaError(f"{info.path} ends before {float(cut.start):g} s: begin earlier")
    return clip


@dataclass(frozen=True)
class _Cut:
    """The stretch wanted, in seconds after the film's start."""

    start: Fraction
    seconds: Fraction | None


def _wanted(info: MediaInfo, stream: Any, choice: bool | None, name: str) -> Any:
    if choice and stream is None:
        raise MediaError(f"{info.path} has no {name}: choose a film with {name}, or do without it")
    return None if choice is False else stream


def _check(cut: _Cut, rates: AV[Any], size: tuple[int, int] | None, channels: int | None) -> None:
    if cut.start < 0:
        raise MediaError(f"cannot start at {float(cut.start):g} s: films begin at 0")
    if cut.seconds is not None and cut.seconds <= 0:
        raise MediaError(f"cannot read {float(cut.seconds):g} s: ask for more than 0")
    for name, value in (("fps", rates.video), ("sample_rate", rates.audio), ("channels", channels)):
        if value is not None and value <= 0:
            raise MediaError(f"{name} is {value}: it must be positive")
    if size is not None and min(size) < 1:
        raise MediaError(f"size is {size}: height and width must be at least 1")


def _read_frames(
    info: MediaInfo, video: VideoInfo, cut: _Cut, fps: Fraction, size: tuple[int, int] | None
) -> np.ndarray:
    """The pictures, uint8 ``(frame, height, width, 3)``."""
    clock = Clock(cut.start, fps, None if cut.seconds is None else nearest(cut.seconds * fps))
    pictures: list[np.ndarray] = []
    held = converted = None
    for frame in on_clock(_shown(info, video, cut.start), clock, lookahead(video.fps, fps)):
        if frame is not held:
            held, converted = frame, picture_of(frame, video.pixel_aspect, size)
        pictures.append(converted)
    height, width = size or (video.height, video.width)
    if any(picture.shape != (height, width, 3) for picture in pictures):
        raise MediaError(f"{info.path} changes its picture size on the way: read it with size=(height, width)")
    return np.stack(pictures) if pictures else np.zeros((0, height, width, 3), np.uint8)


def _shown(info: MediaInfo, video: VideoInfo, since: Fraction) -> Iterator[Shown[Any]]:
    """The film's frames, from the one on screen at ``since`` (or before it) to the end."""
    nominal = 1 / video.fps
    first = end = None
    for frame in _decoded(info, since):
        if frame.pts is None and end is None:
            continue
        start = end if frame.pts is None else time_of(frame) - info.origin
        first = start if first is None else first
        end = start + max((frame.duration or 0) * frame.time_base, nominal)
        yield Shown(start, end, frame)
    _check_whole(info, video, end)


def _decoded(info: MediaInfo, since: Fraction) -> Iterator[Any]:
    """Decoded pictures from ``since`` (seconds after the film's start) or earlier."""
    time = info.origin + since
    if since > SEEK_BEYOND:
        with opened(info.path) as container:
            frames = _after_seek(container, film_streams(container).video, time)
            first = next(frames, None)
            if first is not None and first.pts is not None and time_of(first) <= time:
                yield first
                yield from frames
                return
    with opened(info.path) as container:
        yield from container.decode(film_streams(container).video)


def _after_seek(container: Any, stream: Any, time: Fraction) -> Iterator[Any]:
    """What decodes after a seek to the last key frame before ``time``; nothing where seeking fails."""
    try:
        container.seek(int(time / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        return
    yield from container.decode(stream)


def _read_audio(info: MediaInfo, audio: AudioInfo, cut: _Cut, rate: int, channels: int | None) -> np.ndarray:
    """The sound, float32 ``(channel, sample)``."""
    count = None if cut.seconds is None else sample_of(cut.seconds, rate)
    window = sample_window(sample_of(cut.start, rate), count, audio.sample_rate, rate)
    source = _samples(info, audio, *window.source)
    if not np.isfinite(source).all():
        raise MediaError(f"{info.path} holds sound that is not a number: choose another file")
    if channels is not None:
        source = mix(source, audio.speakers, channels)
    sound = resample_audio(source, audio.sample_rate, rate)[:, window.skip :]
    return np.clip(sound if window.count is None else sound[:, : window.count], -1, 1)


@dataclass(frozen=True)
class _Block:
    """A run of decoded samples, float32 ``(channel, sample)``, and the index of its first."""

    index: int
    samples: np.ndarray

    @property
    def stop(self) -> int:
        return self.index + self.samples.shape[1]


def _samples(info: MediaInfo, audio: AudioInfo, begin: int, stop: int | None) -> np.ndarray:
    """Samples ``begin .. stop`` of the film, counted from its start; gaps in the stream are silent."""
    blocks = []
    for block in _blocks(info, audio, Fraction(begin, audio.sample_rate)):
        if stop is not None and block.index >= stop:
            break
        blocks.append(block)
    filled = max((block.stop for block in blocks), default=begin)
    length = max((filled if stop is None else min(filled, stop)) - begin, 0)
    out = np.zeros((audio.channels, length), np.float32)
    for block in blocks:
        low, high = max(block.index, begin), min(block.stop, begin + length)
        if low < high:
            out[:, low - begin : high - begin] = block.samples[:, low - block.index : high - block.index]
    return out


def _blocks(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[_Block]:
    """The film's sound in order, each block following the last unless the time stamps really jump."""
    planar, expected, last = _planar(audio), None, None
    for frame in _decoded_sound(info, audio, since):
        stamp = None if frame.pts is None else (time_of(frame) - info.origin) * audio.sample_rate
        if stamp is None and expected is None:
            continue
        jumps = expected is None or (stamp is not None and abs(stamp - expected) > JUMP * audio.sample_rate)
        if last is not None:
            yield last[0]
        last = _Block(nearest(stamp) if jumps else expected, planar(frame)), frame
        expected = last[0].stop
    if last is not None:
        yield _trimmed(*last, audio)
    _check_whole(info, audio, None if last is None else Fraction(last[0].stop, audio.sample_rate))


def _trimmed(block: _Block, frame: Any, audio: AudioInfo) -> _Block:
    """The film's last block without its codec's padding, which only the packet's duration tells of.

    Clocks coarser than the sample rate round that duration, and carry the padding elsewhere.
    """
    exact_clock = frame.time_base == Fraction(1, audio.sample_rate)
    return _Block(block.index, block.samples[:, : frame.duration]) if exact_clock and frame.duration else block


def _decoded_sound(info: MediaInfo, audio: AudioInfo, since: Fraction) -> Iterator[Any]:
    """Decoded sound from ``since`` or earlier.

    Only an MP4's sample table leads to the exact sample; elsewhere time stamps are rounded or guessed
    after a seek, so the sound is counted from the beginning.
    """
    with opened(info.path) as container:
        stream = film_streams(container).audio
        indexed = "mp4" in info.container and stream.time_base == Fraction(1, audio.sample_rate)
        if indexed and since > max(SEEK_BEYOND, AUDIO_RUN_UP):
            yield from _after_seek(container, stream, info.origin + since - AUDIO_RUN_UP)
        else:
            yield from container.decode(stream)


def _planar(audio: AudioInfo) -> Callable[[Any], np.ndarray]:
    """A function from decoded frames to float32 ``(channel, sample)``."""
    converters: dict[str, av.AudioResampler] = {}

    def convert(frame: Any) -> np.ndarray:
        if frame.sample_rate != audio.sample_rate or len(frame.layout.channels) != audio.channels:
            raise MediaError("the film changes its sample rate or channels on the way: re-encode it first")
        layout = frame.layout.name
        if layout not in converters:
            converters[layout] = av.AudioResampler(format="fltp", layout=layout, rate=audio.sample_rate)
        return np.concatenate([part.to_ndarray() for part in converters[layout].resample(frame)], axis=1)

    return convert


def _check_whole(info: MediaInfo, stream: VideoInfo | AudioInfo, end: Fraction | None) -> None:
    """Object to a stream that ends before its header says."""
    if end is None:
        raise MediaError(f"{info.path} could not be decoded: choose another file")
    promised = None if stream.seconds is None else stream.start + stream.seconds
    if promised is not None and "mp4" in info.container and end < promised - SHORTFALL:
        raise MediaError(
            f"{info.path} is cut short at {float(end):.2f} of {float(promised):.2f} s: "
            "get it again, or read only the part before"
        )

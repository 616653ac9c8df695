"""Films to clips: every stream on the film's own clock, at the rates and size asked for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.frames import read_frames
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.resample import Clock
from phonofilm.media.sound import read_sound
from phonofilm.media.source import Held
from phonofilm.shapes import exact, nearest, sample_of

Info = TypeVar("Info")


def read(
    path: str | Path | Held,
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

    Pictures are upright RGB with square pixels on a constant clock: frame ``i`` is the one on screen in
    the middle of ``[i / fps, (i + 1) / fps)``. Sound is cut by sample index at the wanted rate, so a cut
    equals the same slice of the whole film; it is limited to [-1, 1].

    Args:
        path: the film, or one in memory.
        start: where to begin, in seconds.
        seconds: how much to read; default: to the end.
        fps: frames a second; default: the film's nominal rate.
        sample_rate: samples a second; default: the film's.
        channels: mix the sound to that many, 1 or 2; default: as they are.
        size: (height, width) that the picture is scaled to cover and cut to; default: its own.
        video, audio: ``True``: the film must have it; ``False``: leave it; ``None``: take it if it is there.

    Returns:
        The clip. Where a stream is missing and its rate was not given, that rate is 0.

    Raises:
        MediaError: if the file is not a film, is damaged or cut short, lacks a stream that must be there,
            or ends before ``start``; or if a number asked for makes no sense.
    """
    _check_numbers(start, seconds, fps, sample_rate, channels, *(size or ()))
    info = probe(path)
    pictures = _wanted(info, info.video, video, "picture")
    sound = _wanted(info, info.audio, audio, "sound")
    if pictures is None and sound is None:
        raise MediaError(f"{info.path} has nothing of what was asked for: ask for its picture or its sound")
    rate = sample_rate or (sound.sample_rate if sound else 0)
    frame_rate = exact(fps) if fps else (pictures.fps if pictures else Fraction(0))
    begin, length = exact(start), None if seconds is None else exact(seconds)
    clock = Clock(begin, frame_rate, None if length is None else nearest(length * frame_rate))
    count = None if length is None else sample_of(length, rate)
    clip = Clip(
        None if pictures is None else read_frames(info, pictures, clock, size),
        None if sound is None else read_sound(info, sound, sample_of(begin, rate), count, rate, channels),
        frame_rate,
        rate,
    )
    if clip.seconds == 0:
        raise MediaError(f"{info.path} ends before {float(begin):g} s: begin earlier")
    return clip


def _wanted(info: MediaInfo, stream: Info | None, choice: bool | None, name: str) -> Info | None:
    """The stream, if it is to be read."""
    if choice and stream is None:
        raise MediaError(f"{info.path} has no {name}: choose a film with {name}, or do without it")
    return None if choice is False else stream


def _check_numbers(start: float | Fraction, *positive: float | Fraction | None) -> None:
    if start < 0:
        raise MediaError(f"cannot start at {float(start):g} s: films begin at 0")
    for value in positive:
        if value is not None and value <= 0:
            raise MediaError(f"seconds, fps, sample rate, channels and size must be positive, not {float(value):g}")

"""Lengths. Seconds (as ``Fraction``) are the truth; every other length is derived here.

Frame ``i`` is shown during ``[i / fps, (i + 1) / fps)`` and sample ``j`` is taken at
``j / sample_rate``; both clocks start together at zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from phonofilm.errors import SettingError


def exact(value: int | float | str | Fraction) -> Fraction:
    """A number as an exact fraction; floats are read as the decimal that they print as."""
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def number(value: int | float | str | Fraction, name: str) -> Fraction:
    """What somebody gave as a number, see :func:`exact`.

    Args:
        value: what was given.
        name: what for.

    Raises:
        SettingError: if it is no number.
    """
    try:
        return exact(value)
    except (ValueError, ZeroDivisionError):
        raise SettingError(f"{name} {value!r} is not a number: write for example 2, 2.5 or 24000/1001") from None


def whole(length: Fraction, what: str) -> int:
    """``length``, a number of ``what``, as an int.

    Raises:
        SettingError: if it is not a whole number.
    """
    if length.denominator != 1:
        raise SettingError(f"{length} {what} are no whole number: choose seconds times rate to give whole {what}")
    return length.numerator


def nearest(length: Fraction) -> int:
    """The nearest whole number, halves up (Python's ``round`` sends halves to even numbers)."""
    return (2 * length.numerator + length.denominator) // (2 * length.denominator)


def frame_of(time: Fraction, fps: Fraction) -> int:
    """Index of the frame on screen at ``time`` seconds."""
    return (time * fps).__floor__()


def sample_of(time: Fraction, sample_rate: int) -> int:
    """Index of the audio sample nearest to ``time`` seconds."""
    return nearest(time * sample_rate)


@dataclass(frozen=True)
class ClipShape:
    """Everything that fixes the size of a clip.

    Attributes:
        seconds: length in seconds.
        fps: frames a second.
        height, width: picture size in pixels.
        sample_rate: audio samples a second.
        channels: audio channels.
    """

    seconds: Fraction
    fps: Fraction
    height: int
    width: int
    sample_rate: int
    channels: int = 1

    @property
    def frames(self) -> int:
        """Number of frames."""
        return whole(self.seconds * self.fps, "frames")

    @property
    def samples(self) -> int:
        """Number of audio samples."""
        return whole(self.seconds * self.sample_rate, "samples")

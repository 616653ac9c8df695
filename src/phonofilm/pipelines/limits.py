"""What length and frame rate a model can make."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from phonofilm.errors import SettingError
from phonofilm.pipelines.request import Settings
from phonofilm.shapes import ClipShape


def working_shape(own: ClipShape, settings: Settings, name: str) -> ClipShape:
    """The shape in which a model makes a clip; a lower frame rate is reached by leaving frames out afterwards.

    Args:
        own: the longest clip of the model, at its frame rate.
        settings: what is asked for.
        name: of the model, for messages.

    Raises:
        SettingError: for a length or frame rate beyond the model, or a length of no whole number of frames.
    """
    seconds, fps = settings.seconds, settings.fps
    if seconds > own.seconds:
        raise SettingError(
            f"{name} makes clips of up to {_plain(own.seconds)} seconds, not {_plain(seconds)}: "
            f"choose --seconds {_plain(own.seconds)} or less"
        )
    if (own.fps / fps).denominator != 1:
        rates = ", ".join(_plain(own.fps / part) for part in (1, 2, 4))
        raise SettingError(
            f"{name} makes {_plain(own.fps)} frames a second, not {_plain(fps)}: "
            f"choose --fps {rates} or another whole part of it"
        )
    if (seconds * fps).denominator != 1 or (seconds * own.sample_rate).denominator != 1:
        raise SettingError(
            f"{_plain(seconds)} seconds are no whole number of frames at {_plain(fps)} fps: "
            f"choose a multiple of {_plain(1 / fps)}"
        )
    return replace(own, seconds=seconds)


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"

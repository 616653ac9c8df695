"""What a model can make: length, frame rate, and which words it knows."""

from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction

from phonofilm.conditioning.text import TextEncoder
from phonofilm.errors import SettingError
from phonofilm.pipelines.request import Settings
from phonofilm.shapes import ClipShape


class PromptWarning(UserWarning):
    """The prompt holds words that the model was never trained on, or none that it was."""


def check_text(text: TextEncoder, prompt: str, negative: str, name: str) -> None:
    """Refuse what is too long to be read; warn of words that the model never saw.

    Args:
        text: the model's encoder.
        prompt: what is asked for.
        negative: what is not wanted.
        name: of the model, for messages.

    Raises:
        SettingError: if one of them is too long.
    """
    text.check_length(prompt)
    text.check_length(negative, "the negative prompt")
    strange = ", ".join(repr(word) for word in text.unknown_words(f"{prompt} {negative}"))
    if not text.knows_any(prompt):
        doubt = f"no word of this prompt is known to {name}: what it makes has nothing to do with it"
    elif strange:
        doubt = f"{name} was never trained on {strange}: it will guess what is meant"
    else:
        return
    warnings.warn(doubt, PromptWarning, stacklevel=2)


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

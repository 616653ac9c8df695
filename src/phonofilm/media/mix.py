"""Fewer or more channels of sound."""

from __future__ import annotations

from math import sqrt

import numpy as np

from phonofilm.errors import MediaError

_HALF_POWER = sqrt(0.5)
STEREO = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "BL": (_HALF_POWER, 0.0),
    "BR": (0.0, _HALF_POWER),
    "SL": (_HALF_POWER, 0.0),
    "SR": (0.0, _HALF_POWER),
    "BC": (0.5, 0.5),
}
"""Share of each speaker in left and right (ITU-R BS.775-4, annex 4; the low-frequency channel is left out)."""

USUAL = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "FC", "BC"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""Which speakers a number of channels stands for where a file does not say."""


def mix(audio: np.ndarray, speakers: tuple[str, ...], channels: int) -> np.ndarray:
    """Sound with another number of channels.

    One channel becomes two by copying; two become one as their mean; more are mixed by :data:`STEREO`,
    scaled so that full-scale sound on every speaker stays within full scale.

    Args:
        audio: float32 ``(channel, sample)``.
        speakers: name of each channel.
        channels: how many are wanted: 1, 2 or as many as there are.

    Raises:
        MediaError: for any other number, or speakers that cannot be mixed.
    """
    if channels == len(speakers):
        return audio
    if channels not in (1, 2):
        raise MediaError(f"cannot mix {len(speakers)} channels to {channels}: choose 1 or 2, or keep them all")
    if len(speakers) == 1:
        return np.repeat(audio, channels, axis=0)
    if not set(speakers) <= set(STEREO):
        raise MediaError(f"cannot mix the speakers {', '.join(speakers)}: keep all channels")
    gains = np.array([STEREO[name] for name in speakers], np.float32).T
    gains /= gains.sum(axis=1, keepdims=True).max()
    return (gains if channels == 2 else gains.mean(axis=0, keepdims=True)) @ audio


def speakers_of(layout: object) -> tuple[str, ...]:
    """The speakers' names of a PyAV channel layout, by usual order where the file names none."""
    names = tuple(channel.name for channel in layout.channels)  # type: ignore[attr-defined]
    known = set(names) <= set(STEREO) and len(set(names)) == len(names)
    return names if known else USUAL.get(len(names), names)

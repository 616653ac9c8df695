"""Clips that are silent or frozen: most scores take them in as they are, so whoever reads these should know."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

SIDE = 16
"""Pictures are compared by the means of so many rows and columns of cells."""
NOISE = 6
"""Grey levels of 255 by which a cell may differ: a lossy codec changes cells of a still by less, what strikes something
in Clapperboard by many times as much."""
NAMED = 3
"""Films that a note names at most."""
ADVICE = AV(
    "and temporal-flicker favours them; watch them, and take out what should move",
    "and onset-ap favours them; listen to them, and take out what should sound",
)


def frozen(frames: np.ndarray | None) -> bool:
    """Whether all pictures uint8 ``(frame, height, width, 3)`` are alike within a codec's noise; one alone is not."""
    if frames is None or len(frames) < 2:
        return False
    first = _cells(frames[0])
    return all(cv2.absdiff(first, _cells(frame)).max() <= NOISE for frame in frames[1:])


def silent(audio: np.ndarray | None) -> bool:
    """Whether a sound ``(channel, sample)`` is missing or digital silence."""
    return audio is None or not audio.any()


class _Lifeless:
    """The reading of whether a clip is frozen and whether it is silent, ``lifeless`` ``(2,)``."""

    id = "lifeless@1"

    def __call__(self, subject: Subject) -> Arrays:
        return {"lifeless": np.array([frozen(subject.clip.frames), silent(subject.clip.audio)])}


_LIFELESS = _Lifeless()


def lifeless(subject: Subject) -> AV[bool]:
    """Whether a clip's picture is frozen, and whether its sound is silent.

    Raises:
        MediaError: if the clip cannot be read.
    """
    return AV(*subject.read(_LIFELESS)["lifeless"].tolist())


def notes(names: AV[Sequence[str]]) -> list[str]:
    """A sentence on frozen films and one on silent films, by their names."""
    kinds, found = AV("frozen", "silent"), []
    for kind, films, advice in zip(kinds, names, ADVICE, strict=True):
        if films:
            what = f"{len(films)} {kind} film{'s' if len(films) > 1 else ''}"
            more = f" and {len(films) - NAMED} more" if len(films) > NAMED else ""
            named = f"{', '.join(films[:NAMED])}{more}"
            found.append(f"{what} ({named}): most scores count such films as they are, {advice}")
    return found


def _cells(frame: np.ndarray) -> np.ndarray:
    """Grey means of the cells of a picture."""
    return cv2.cvtColor(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)

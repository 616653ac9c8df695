"""Why a film or clip is not in the data set. The list is closed: nothing is left out for another reason or none."""

from __future__ import annotations

from enum import Enum


class Reason(str, Enum):
    """A class of reasons; the message beside it says the rest."""

    UNREADABLE = "unreadable"
    """Not a film, or so damaged at its start that nothing decodes."""
    UNSUPPORTED = "unsupported"
    """A codec or a turn of the picture that is not known here."""
    NO_VIDEO = "no_video"
    """There are no pictures, or none beside this stretch of sound."""
    NO_AUDIO = "no_audio"
    """There is no sound, none beside this stretch of pictures, or a part of a clip's is missing."""
    DAMAGED = "damaged"
    """Pictures or sound stop decoding, or the file ends before its header says."""
    BAD_TIMESTAMPS = "bad_timestamps"
    """Pictures without times, or times that do not rise."""
    TOO_SHORT = "too_short"
    DUPLICATE = "duplicate"
    """The same bytes as an earlier file."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    """The process that decoded it died."""
    RULE = "rule"
    """A rule of the recipe dropped it."""
    NO_CAPTION = "no_caption"
    UNLISTED = "unlisted"
    """No list that divides the films names it."""

    @property
    def is_fault(self) -> bool:
        """The film is bad, and not merely unwanted."""
        return self in _FAULTS


_FAULTS = frozenset(
    (
        Reason.UNREADABLE,
        Reason.UNSUPPORTED,
        Reason.DAMAGED,
        Reason.BAD_TIMESTAMPS,
        Reason.TIMEOUT,
        Reason.MEMORY,
        Reason.CRASH,
    )
)

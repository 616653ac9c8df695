"""What an error of FFmpeg's means: a film that is damaged, or memory that ran out, which FFmpeg often calls damage."""

from __future__ import annotations

import errno

from phonofilm.errors import MediaError, OutOfMemoryError, PhonofilmError

SHORT = (errno.ENOMEM, errno.EAGAIN)
"""No memory; no room for another thread's stack."""
ROOM = 64 << 20
"""More bytes than a decoder asks for at once: a picture of 7680x4320 in 8 bits takes 50 MB."""


def fault(error: Exception, sentence: str) -> PhonofilmError:
    """What to raise instead of an error of FFmpeg's, at once, while the film is open and the memory taken.

    Args:
        error: of FFmpeg or the system.
        sentence: for the user, if it is the film's fault.
    """
    if is_shortage(error) or _is_full():
        return OutOfMemoryError(
            f"there is too little memory for a film ({error}): allow more, or run less beside it, and try again"
        )
    return MediaError(sentence)


def is_shortage(error: Exception) -> bool:
    """The error says itself that there is no memory."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) in SHORT


def _is_full() -> bool:
    """There is hardly memory left: decoders that get none for a picture say that the film's data are invalid."""
    try:
        bytearray(ROOM)  # is asked for, but never touched
    except MemoryError:
        return True
    return False

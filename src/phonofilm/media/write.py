"""Clips to films, losing nothing on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from phonofilm.errors import MediaError
from phonofilm.media.atomic import check_target, write_atomically
from phonofilm.media.clip import Clip
from phonofilm.media.coding import AAC, FLAC, FLOAT_PCM, H264, H264_LOSSLESS, Container
from phonofilm.media.mux import encode
from phonofilm.pair import AV
from phonofilm.shapes import exact

CONTAINERS = {
    ".mp4": Container("mp4", AV(H264, AAC)),
    ".m4v": Container("mp4", AV(H264, AAC)),
    ".mov": Container("mov", AV(H264, AAC)),
    ".mkv": Container("matroska", AV(H264, FLAC)),
}
"""What a film of each suffix is made of, unless it is to be lossless."""


def write(clip: Clip, path: str | Path, *, lossless: bool = False, force: bool = False) -> Path:
    """Write a clip as a film: ``.mp4``, ``.mov`` or ``.mkv``.

    By default H.264 (4:2:0, which every player plays) and AAC (FLAC in ``.mkv``). The encoder's delay is
    entered in the file, so picture and sound stay together to well under a millisecond. An odd width or
    height is made even by repeating the last column or row. With ``lossless`` H.264 in RGB and
    floating-point PCM: frames and samples come back bit for bit at any size, though few players but VLC,
    mpv and ffplay show it. ``.mp4`` and ``.mov`` hold any frame rate exactly, ``.mkv`` to a nanosecond.

    Either stream may be longer and keeps its length; a clip without sound becomes a film without sound.
    Samples beyond [-1, 1] are limited to it. The same clip gives the same bytes on any machine with the
    same FFmpeg. The file appears whole or, whatever fails, not at all.

    Args:
        clip: what to write.
        path: where to.
        lossless: keep every bit.
        force: replace an existing file.

    Returns:
        The path.

    Raises:
        MediaError: if the path cannot be written (unknown suffix, no such folder, file exists, disk full),
            the clip holds nothing or sound that is not a number, or the film that came out lacks any of it.
    """
    path = Path(path)
    container_for(path, lossless=lossless)
    check_target(path, force=force)
    return write_atomically(path, film_bytes(clip, path, lossless=lossless), force=force)


def film_bytes(clip: Clip, path: Path, *, lossless: bool = False) -> bytes:
    """What :func:`write` puts into a file of that name.

    Raises:
        MediaError: see :func:`write`.
    """
    return encode(_checked(clip), container_for(path, lossless=lossless))


def container_for(path: Path, *, lossless: bool) -> Container:
    """Format and codecs for a file's suffix.

    Raises:
        MediaError: if films are not written with that suffix.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise MediaError(f"cannot write {path.name!r} as a film: end its name in one of {', '.join(CONTAINERS)}")
    return replace(container, coding=AV(H264_LOSSLESS, FLOAT_PCM)) if lossless else container


def _checked(clip: Clip) -> Clip:
    """The clip with its sound within [-1, 1] and its frame rate exact.

    Raises:
        MediaError: if there is nothing in a stream, or its numbers make no film.
    """
    if clip.frames is not None:
        if 0 in clip.frames.shape:
            raise MediaError(f"the clip's frames are {clip.frames.shape}: a film needs at least one, or frames=None")
        if clip.fps <= 0:
            raise MediaError(f"the clip's fps is {clip.fps}: it must be positive")
    if clip.audio is None:
        return replace(clip, fps=exact(clip.fps))
    if 0 in clip.audio.shape:
        raise MediaError(f"the clip's sound is {clip.audio.shape}: a film needs at least one sample, or audio=None")
    if clip.sample_rate <= 0:
        raise MediaError(f"the clip's sample rate is {clip.sample_rate}: it must be positive")
    if not np.isfinite(clip.audio).all():
        raise MediaError("the clip's sound holds NaN or infinity: what made it diverged; mend that or use nan_to_num")
    return replace(clip, audio=np.clip(clip.audio, -1, 1), fps=exact(clip.fps))

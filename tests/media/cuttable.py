"""Films whose every picture and every moment of sound is its own, and the windows that they are split into."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.media import Clip, write
from phonofilm.media.span import Span
from tests.media.films import ffmpeg

FLASHES = (7, 18, 31, 44, 61)
"""Pictures that are white; a click sounds as each begins."""


def lively(
    fps: Fraction = Fraction(25),
    *,
    frames: int = 75,
    size: tuple[int, int] = (48, 64),
    sample_rate: int = 44100,
    channels: int = 2,
) -> Clip:
    """Large random blocks, other ones in each picture, with flashes; noise with clicks."""
    random = np.random.default_rng(0)
    blocks = random.integers(30, 150, (frames, 4, 5, 3), np.uint8)
    blocks[[index for index in FLASHES if index < frames]] = 250
    rows, columns = (np.arange(side) * count // side for side, count in zip(size, (4, 5), strict=True))
    sound = random.uniform(-0.1, 0.1, (channels, round(frames / fps * sample_rate))).astype(np.float32)
    for index in FLASHES:
        at = round(index / fps * sample_rate)
        sound[:, at : at + 4] = 0.9
    return Clip(blocks[:, rows][:, :, columns], sound, fps, sample_rate)


def recoded(folder: Path, name: str, *options: str, before: tuple[str, ...] = (), clip: Clip | None = None) -> Path:
    """A :func:`lively` film as the command-line program writes it."""
    whole = write(clip or lively(), folder / "whole.mkv", lossless=True, force=True)
    ffmpeg(*before, "-i", str(whole), *options, "-y", str(folder / name))
    return folder / name


def windows(path: Path, seconds: Fraction | None = Fraction(1)) -> list[Span]:
    """Where the film is to be cut."""
    row = scan(Scan(silent=True), Film(path.parent, path.name))[0]
    assert row.reason is None, row.message
    return [clip.span for clip in split(Split(seconds=seconds), Scanned(path, row)) if clip.reason is None]

"""Films and rows for tests of the later stages."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import AudioTrack, ClipRow, SourceRow, VideoTrack
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.media.clip import Clip
from phonofilm.media.digest import sha256
from phonofilm.media.span import Span
from phonofilm.media.write import write

FPS = Fraction(15)
RATE = 16_000
SECONDS = 4


def write_film(path: Path) -> Path:
    """Four seconds: the picture brightens second by second; a tone sounds in the third."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.repeat(np.array([20, 80, 140, 200], np.uint8), int(FPS))
    frames = np.broadcast_to(grey[:, None, None, None], (len(grey), 36, 64, 3)).copy()
    audio = np.zeros((1, SECONDS * RATE), np.float32)
    audio[0, 2 * RATE : 3 * RATE] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    return write(Clip(frames, audio, FPS, RATE), path, lossless=True)


def cut_film(folder: Path, path: str, settings: Split) -> tuple[SourceRow, tuple[ClipRow, ...]]:
    """What the first two stages say of a film."""
    (row,) = scan(Scan(), Film(folder, path))
    return row, tuple(split(settings, Scanned(folder / path, row)))


def source(name: str, **changes: object) -> SourceRow:
    """A row of a film that need not be there: 30000/1001 frames a second, 48 kHz, both from 1/10 s on."""
    row = SourceRow(
        path=name,
        size=1000,
        sha256=sha256(name.encode()),
        container="mov,mp4",
        origin=Fraction(1, 10),
        video=VideoTrack(
            codec="h264",
            height=360,
            width=640,
            fps=Fraction(30000, 1001),
            time_base=Fraction(1, 30000),
            quarter_turns=0,
            pixel_aspect=Fraction(1),
        ),
        audio=AudioTrack(codec="aac", sample_rate=48000, speakers=("FL", "FR"), first_sample=0),
    )
    return row.model_copy(update=changes)


def clip(row: SourceRow, index: int, reason: Reason | None = None, message: str = "") -> ClipRow:
    """The ``index``-th clip of 120 pictures of :func:`source`, which is 4.004 s long."""
    span = Span(3000 + index * 120120, 3000 + (index + 1) * 120120, 120, index * 192192, 192192)
    name = sha256(f"{row.sha256} {span}".encode())[:16]
    return ClipRow(clip_id=name, source_id=row.source_id, span=span, reason=reason, message=message)

"""Where a film is cut, for splitting it there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from phonofilm.data.ingest.measures.cuts import first_pictures
from phonofilm.data.ingest.rows import SourceRow
from phonofilm.data.ingest.stream import pictures
from phonofilm.media.probe import probe


def cuts(place: Path, row: SourceRow) -> list[int]:
    """Times of the first pictures after each hard cut, in ticks, rising; decodes all pictures of the film once.

    Args:
        place: where the film is.
        row: what the scan found.

    Raises:
        MediaError: if it is damaged or cut short.
    """
    info = probe(place)
    if row.video is None or info.video is None:
        return []
    return list(first_pictures(pictures(info, info.video, Fraction(0)), row.video.time_base))

"""What the index of a packed folder says of each clip, see :mod:`phonofilm.data.packed.shards`."""

from __future__ import annotations

from fractions import Fraction

from phonofilm.data.ingest.rows import Natural, Positive, Row
from phonofilm.media.span import Span

INDEX, SOURCES = "index.parquet", "sources.parquet"
OWN = (INDEX, SOURCES, "shard-*")
"""What a packed folder has one of, also one that was not finished."""
FILM, RECORD = "mp4", "json"


class PackedPictures(Row):
    """A clip's pictures as they are packed.

    Attributes:
        frames: their number.
        fps: nominal frames a second.
        seconds: for which they are shown; ``frames / fps`` unless the rate varies.
        height, width: in pixels.
    """

    frames: Positive
    fps: Fraction
    seconds: Fraction
    height: Positive
    width: Positive


class PackedSound(Row):
    """A clip's sound as it is packed.

    Attributes:
        samples: their number.
        sample_rate: samples a second.
        channels: their number.
    """

    samples: Positive
    sample_rate: Positive
    channels: Positive


class PackedClip(Row):
    """What the index and the JSON beside a film say of a clip. Subclasses add columns.

    Attributes:
        clip_id: its name; letters, digits, ``-`` and ``_``.
        source_id: of its source.
        span: its place in the source.
        split: of the data set that it belongs to, such as ``train``; empty: none.
        caption: what it shows, in words; empty: nobody said.
        video, audio: its streams; ``None``: it has none.
        frame_time_error: at most, in seconds, between the middle of a frame's time and that of the time for which the
            source shows its picture; 0 where pictures kept their times.
        missing: samples, at the source's rate, that the source does not have; they are silent.
    """

    clip_id: str
    source_id: str
    span: Span
    split: str = ""
    caption: str = ""
    video: PackedPictures | None
    audio: PackedSound | None
    frame_time_error: Fraction = Fraction(0)
    missing: Natural = 0


class Member(Row):
    """One file of a clip.

    Attributes:
        suffix: what follows the clip's name, without the dot.
        file: that holds it, relative to the folder.
        offset: of its first byte there.
        size: in bytes.
        sha256: of its bytes.
    """

    suffix: str
    file: str
    offset: Natural
    size: Natural
    sha256: str


class Place(Row):
    """Where a clip lies.

    Attributes:
        shard: number of its shard.
        members: its files.
    """

    shard: Natural
    members: tuple[Member, ...]

    def member(self, suffix: str) -> Member:
        """The file of that suffix; raises ``KeyError`` where there is none."""
        return {member.suffix: member for member in self.members}[suffix]

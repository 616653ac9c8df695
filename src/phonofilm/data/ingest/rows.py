"""What the stages pass on: one row for each source file, one for each clip of it.

Times are whole numbers on the film's own clocks: picture times in ticks of the stream's time base, sound as indices
of samples counted from the film's origin (:class:`phonofilm.media.probe.MediaInfo`). Seconds appear nowhere.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, StrictInt

from phonofilm.data.ingest.reasons import Reason
from phonofilm.media.span import Span

Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class Row(BaseModel):
    """A strict, frozen record that JSON keeps exactly."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Row):
    """Instead of its rows: why a job brought none.

    Attributes:
        reason: its class.
        message: what happened, in a sentence.
    """

    reason: Reason
    message: str


class VideoTrack(Row):
    """The stream of pictures as the header and the first frame describe it.

    Attributes:
        codec: its codec's name.
        height, width: as shown, upright and with square pixels.
        fps: nominal frames a second.
        time_base: seconds a tick.
        quarter_turns: that the file asks for, counterclockwise; already counted in the size.
        pixel_aspect: width of a stored pixel over its height.
    """

    codec: str
    height: Positive
    width: Positive
    fps: Fraction
    time_base: Fraction
    quarter_turns: Natural
    pixel_aspect: Fraction


class AudioTrack(Row):
    """The stream of sound.

    Attributes:
        codec: its codec's name.
        sample_rate: samples a second.
        speakers: its channels in their order.
        first_sample: index of the first sample that is heard.
    """

    codec: str
    sample_rate: Positive
    speakers: tuple[str, ...]
    first_sample: int


class SourceRow(Row):
    """One file.

    Attributes:
        path: relative to the folder that was scanned, with forward slashes.
        size: bytes.
        sha256: of the bytes; empty if they could not be read.
        container: FFmpeg's name of the format.
        origin: on the file's own clock, in seconds: its first picture or sound, whichever is earlier.
        video, audio: its streams, ``None`` where there is none.
        reason: why it is not used; ``None`` if it is.
        message: the same in a sentence.
    """

    path: str
    size: Natural
    sha256: str = ""
    container: str = ""
    origin: Fraction = Fraction(0)
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    reason: Reason | None = None
    message: str = ""

    @property
    def source_id(self) -> str:
        """Short name, of the bytes and not of the place."""
        return self.sha256[:16]


class ClipRow(Row):
    """One clip of a source.

    Attributes:
        clip_id: of the source's bytes and the clip's exact place in it.
        source_id: of its source.
        span: its place.
        reason, message: why it is not used, see :class:`SourceRow`.
    """

    clip_id: str
    source_id: str
    span: Span
    reason: Reason | None = None
    message: str = ""


class ScoreRow(Row):
    """What was measured of one clip.

    Attributes:
        clip_id: of the clip.
        values: by measure; numbers, whole numbers and flags stay what they are, ``None`` where there is none.
        why: in a few words, by measure, for each that is ``None``.
    """

    clip_id: str
    values: dict[str, StrictBool | StrictInt | FiniteFloat | None]
    why: dict[str, str] = {}


class VerdictRow(Row):
    """Whether the rules keep one clip.

    Attributes:
        clip_id: of the clip.
        reason: :attr:`Reason.RULE` if they do not.
        message: which rules, and what was measured.
    """

    clip_id: str
    reason: Reason | None = None
    message: str = ""

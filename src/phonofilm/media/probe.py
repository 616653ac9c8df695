"""What a film holds, from its header and the first frame of each stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, TypeVar

import av

from phonofilm.errors import MediaError, UnsupportedMediaError
from phonofilm.media.mix import speakers_of
from phonofilm.media.picture import shown_size, turn_of
from phonofilm.media.source import Held, decode, film_streams, last_packet_end, onset_of, opened
from phonofilm.pair import AV

SHORTFALL = Fraction(1, 4)
"""A stream that ends this much before its header says, in seconds, has been cut short."""
FASTEST = 120
"""Above this a guessed frame rate is the tick of a variable-rate file's clock, not a rate of pictures."""


@dataclass(frozen=True)
class VideoInfo:
    """The stream of pictures.

    Attributes:
        codec: its codec's name.
        height, width: as shown: turned upright, with square pixels.
        quarter_turns: counterclockwise quarter turns that the file asks for, already counted in the size.
        mirrored: the file asks for left and right to be swapped before that.
        pixel_aspect: width of a stored pixel over its height.
        fps: nominal frames a second.
        start: time of the first picture in seconds after the film's start.
        seconds: length that the header promises, from ``start``; ``None`` if it says nothing.
    """

    codec: str
    height: int
    width: int
    quarter_turns: int
    mirrored: bool
    pixel_aspect: Fraction
    fps: Fraction
    start: Fraction
    seconds: Fraction | None


@dataclass(frozen=True)
class AudioInfo:
    """The stream of sound.

    Attributes:
        codec: its codec's name.
        sample_rate: samples a second.
        speakers: the channels in their order ("FL", "FR", ...).
        start: time of the first sample that is heard, in seconds after the film's start.
        seconds: length that the header promises, from ``start``; ``None`` if it says nothing.
    """

    codec: str
    sample_rate: int
    speakers: tuple[str, ...]
    start: Fraction
    seconds: Fraction | None

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return len(self.speakers)


Info = TypeVar("Info", VideoInfo, AudioInfo)


@dataclass(frozen=True)
class MediaInfo:
    """A film at a glance.

    Attributes:
        path: the file, or the film in memory.
        container: FFmpeg's name for its format.
        origin: the film's start on the file's own clock, in seconds: where its first picture is shown or
            its first sample heard, whichever is earlier. Time is counted from here everywhere else.
        seconds: length that the header promises; ``None`` if it says nothing.
        video, audio: its streams; ``None`` where there is none.
    """

    path: Path | Held
    container: str
    origin: Fraction
    seconds: Fraction | None
    video: VideoInfo | None
    audio: AudioInfo | None

    @property
    def is_indexed(self) -> bool:
        """The header lists every packet with its exact time (MP4, QuickTime)."""
        return "mp4" in self.container

    def check_whole(self, stream: VideoInfo | AudioInfo, end: Fraction) -> None:
        """Object to a stream that ran out at ``end`` (seconds after the film's start), before its header says.

        Raises:
            MediaError: if the film has been cut short.
        """
        if self.is_indexed and stream.seconds is not None:
            promised = stream.start + stream.seconds
        elif "matroska" in self.container and self.seconds is not None:
            # The header tells only where the longest stream ends, so this one may end earlier.
            promised = self.seconds - self.origin
            end = end if end >= promised - SHORTFALL else max(end, last_packet_end(self.path) - self.origin)
        else:
            return
        if end < promised - SHORTFALL:
            raise MediaError(
                f"{self.path} is cut short at {float(end):.2f} of {float(promised):.2f} s: "
                "get it again, or read only the part before"
            )


def probe(path: str | Path | Held) -> MediaInfo:
    """Look at a film without decoding more than the first frame of each stream.

    Raises:
        MediaError: if it is not a film, is damaged at its start, or holds neither pictures nor sound.
    """
    path = Path(path) if isinstance(path, str) else path
    video = _look(path, lambda streams: streams.video, _video_info)
    audio = _look(path, lambda streams: streams.audio, _audio_info)
    starts = [look.info.start for look in (video, audio) if look.info is not None]
    if not starts:
        raise MediaError(f"{path} holds neither pictures nor sound: choose another file")
    origin = min(starts)
    return MediaInfo(path, video.container, origin, video.seconds, video.since(origin), audio.since(origin))


@dataclass(frozen=True)
class _Look(Generic[Info]):
    """What one stream shows, and the header besides.

    Attributes:
        container, seconds: see :class:`MediaInfo`.
        info: the stream, with its start on the file's own clock; ``None`` if it is absent or has no packets.
    """

    container: str
    seconds: Fraction | None
    info: Info | None

    def since(self, origin: Fraction) -> Info | None:
        """The stream, with its start counted from the film's."""
        return None if self.info is None else replace(self.info, start=self.info.start - origin)


def _look(
    path: Path | Held, choose: Callable[[AV[Any]], Any], describe: Callable[[Any, Any, Fraction | None], Info]
) -> _Look[Info]:
    """What the chosen stream's header and its first frame that decodes say.

    Raises:
        MediaError: if there are packets and nothing comes of them.
    """
    with opened(path) as container:
        seconds = None if container.duration is None else Fraction(container.duration, av.time_base)
        found = _Look[Info](container.format.name, seconds, None)
        stream = choose(film_streams(container))
        if stream is None:
            return found
        if stream.codec_context is None:
            raise UnsupportedMediaError(f"{path} uses a codec that is not known here: convert it first")
        promised = None if stream.duration is None else stream.duration * stream.time_base  # grows with packets read
        for frame in decode(path, container, stream):
            if frame.pts is not None:
                return replace(found, info=describe(stream, frame, promised))
    with opened(path) as container:
        if any(packet.size for packet in container.demux(choose(film_streams(container)))):
            raise MediaError(f"{path} is damaged (its {stream.type} does not decode): choose another file")
    return found


def _video_info(stream: Any, frame: Any, promised: Fraction | None) -> VideoInfo:
    turn = turn_of(frame)
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    height, width = shown_size(frame, aspect, turn)
    return VideoInfo(
        stream.codec_context.name,
        height,
        width,
        turn.quarters,
        turn.mirrored,
        aspect,
        _nominal_fps(stream),
        onset_of(frame),
        promised,
    )


def _audio_info(stream: Any, frame: Any, promised: Fraction | None) -> AudioInfo:
    return AudioInfo(stream.codec_context.name, frame.sample_rate, speakers_of(frame.layout), onset_of(frame), promised)


def _nominal_fps(stream: Any) -> Fraction:
    """The rate at which the pictures were meant: the average misleads where frames are missing."""
    guessed, average = stream.guessed_rate, stream.average_rate
    return Fraction(guessed if guessed and guessed <= FASTEST else average or guessed or 25)

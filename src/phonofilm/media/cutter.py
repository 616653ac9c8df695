"""One clip in the making: pictures and sound of a film go by, what belongs to it goes into its file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError, TimestampError
from phonofilm.media.clip_file import ClipFile, Pictures, Sound
from phonofilm.media.form import Form
from phonofilm.media.passing import OwnTimes, SoundWindow, SteadyTimes
from phonofilm.media.probe import MediaInfo, VideoInfo
from phonofilm.media.shaping import Shaper
from phonofilm.media.sound import Block
from phonofilm.media.span import Span


@dataclass(frozen=True)
class Film:
    """A film to be cut.

    Attributes:
        info: what it holds.
        video: its pictures.
        tick: of their clock, in seconds.
    """

    info: MediaInfo
    video: VideoInfo
    tick: Fraction


@dataclass(frozen=True)
class Piece:
    """A clip to be made.

    Attributes:
        span: its place in the film.
        path: of its file.
    """

    span: Span
    path: Path


@dataclass(frozen=True)
class Cut:
    """A clip that was made.

    Attributes:
        piece: what was asked for.
        frames: pictures in the file.
        size: their (height, width), without what makes an odd side even.
        samples: of sound in the file, at ``sample_rate``; both are 0 without sound.
        sample_rate: samples a second.
        channels: of sound.
        missing: samples of the span, at the film's rate, that the film does not have; they are silent.
        frame_time_error: at most, at a constant rate, between the middle of a frame's time and that of the time for
            which the film shows its picture, in seconds; 0 where pictures keep their times.
    """

    piece: Piece
    frames: int
    size: tuple[int, int]
    samples: int
    sample_rate: int
    channels: int
    missing: int
    frame_time_error: Fraction


class Cutter:
    """A clip's file, and what of the film it still waits for; call :meth:`finish` or :meth:`discard` at the end.

    Args:
        film: where it comes from.
        piece: what to make.
        form: as what.
        force: replace an existing file.

    Raises:
        MediaError: if the film has no such piece, or see :class:`ClipFile`.
    """

    def __init__(self, film: Film, piece: Piece, form: Form, *, force: bool = False) -> None:
        span, audio = piece.span, film.info.audio
        length = span.end_pts - span.first_pts
        if min(span.frames, length) < 1:
            raise MediaError(f"{piece.path.name} would hold no pictures: cut it from another place")
        if span.samples and audio is None:
            raise MediaError(f"{film.info.path} has no sound for {piece.path.name}: it changed since it was split")
        self._film, self._piece = film, piece
        self._shape = Shaper(film.video.pixel_aspect, form.size)
        self._times = OwnTimes(film.tick) if form.fps is None else SteadyTimes(form.fps, film.tick, length)
        self._sound = None
        if audio is not None and span.samples:
            self._sound = SoundWindow(audio, span, form.sample_rate or audio.sample_rate, form.channels)
        self._pictures = Pictures(
            form.size or (film.video.height, film.video.width), form.fps or film.video.fps, self._times.tick
        )
        self._format = self._sound and Sound(self._sound.out_channels, self._sound.rate)
        self._file = ClipFile(piece.path, form.container, self._pictures, self._format, force=force)
        self._held: Any = None
        self._taken, self._has_all_pictures = 0, False

    @property
    def is_full(self) -> bool:
        """Nothing more of the film is needed."""
        return self._has_all_pictures and (self._sound is None or self._sound.is_full)

    def take_picture(self, frame: Any) -> None:
        """Look at the film's next picture.

        Raises:
            TimestampError: if its time does not follow the last one's.
            MediaError: if it cannot be written.
        """
        span = self._piece.span
        if self._held is not None and frame.pts <= self._held.pts:
            raise TimestampError(f"{self._film.info.path} has pictures whose times do not rise: re-encode it first")
        if frame.pts < span.first_pts or self._has_all_pictures:
            return
        if frame.pts >= span.end_pts:
            self._has_all_pictures = True
            return
        self._write_held(until=frame.pts)
        self._held = frame
        self._taken += 1

    def take_sound(self, block: Block) -> None:
        """Look at the film's next sound.

        Raises:
            MediaError: see :meth:`SoundWindow.take`.
        """
        if self._sound is not None and not self._sound.is_full:
            self._file.add_sound(self._sound.take(block))

    def finish(self) -> Cut:
        """Make the file.

        Raises:
            MediaError: if the film did not hold what the span says, or it cannot be written.
        """
        span = self._piece.span
        if self._taken != span.frames:
            raise MediaError(
                f"{self._film.info.path} shows {self._taken} of the {span.frames} pictures of "
                f"{self._piece.path.name}: it is damaged there, or changed since it was split"
            )
        self._write_held(until=span.end_pts, last=True)
        if self._sound is not None:
            self._file.add_sound(self._sound.end())
        self._file.finish()
        return Cut(
            self._piece,
            self._file.counts.video,
            self._pictures.size,
            self._file.counts.audio,
            0 if self._format is None else self._format.sample_rate,
            0 if self._format is None else self._format.channels,
            0 if self._sound is None else self._sound.missing,
            self._times.error,
        )

    def discard(self) -> None:
        """Leave nothing behind; after :meth:`finish` this does nothing."""
        self._file.discard()

    def _write_held(self, *, until: int, last: bool = False) -> None:
        """Write the picture that waits, now that it is known how long the film shows it."""
        if self._held is None:
            return
        first, frame = self._piece.span.first_pts, self._held
        stamps = list(self._times.stamps(frame.pts - first, until - first, last=last))
        shaped = self._shape(frame) if stamps else None
        for stamp, length in stamps:
            self._file.add_picture(shaped, stamp, length)

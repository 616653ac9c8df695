"""A film written picture by picture and sample by sample into a file, whatever its length, that appears whole."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import PictureType

from phonofilm.errors import MediaError, PhonofilmError, StorageError
from phonofilm.media.atomic import FULL, appearing
from phonofilm.media.coding import Container, add_pictures, add_sound, encode_sound, padded
from phonofilm.media.faults import fault
from phonofilm.media.mux import check_film
from phonofilm.pair import AV

TIMESCALE = 90_000
"""Of edit lists where there is no sound whose samples would be counted in them."""


@dataclass(frozen=True)
class Pictures:
    """The stream of pictures.

    Attributes:
        size: (height, width) before it is made even.
        fps: about how many a second.
        tick: the unit of their times in seconds.
    """

    size: tuple[int, int]
    fps: Fraction
    tick: Fraction


@dataclass(frozen=True)
class Sound:
    """The stream of sound.

    Attributes:
        channels: their number.
        sample_rate: samples a second.
    """

    channels: int
    sample_rate: int


class ClipFile:
    """A film in the making; call :meth:`finish` or :meth:`discard` at the end.

    The index stands at the front. The same pictures and sound give the same bytes with the same FFmpeg.

    Args:
        path: of the file to come.
        container: format and codecs.
        pictures, sound: what it will hold; ``None``: no sound.
        force: replace an existing file.

    Raises:
        MediaError: if the file cannot be made there, or its codecs cannot hold that sound.
    """

    def __init__(
        self, path: Path, container: Container, pictures: Pictures, sound: Sound | None, *, force: bool = False
    ) -> None:
        self._path, self._kind, self._coding = path, pictures, container.coding
        self._rate = 0 if sound is None else sound.sample_rate
        self._counts, self._end = AV(0, 0), 0
        self._lengths: dict[int, int] = {}
        self._early: list[Any] | None = []  # sound that is ready before the first picture says what its colours are
        with ExitStack() as stack:
            self._url = f"file:{stack.enter_context(appearing(path, force=force)).name}"
            options = {
                "movflags": "faststart",
                "fflags": "bitexact",
                "movie_timescale": str(self._rate or TIMESCALE),
            }
            self._film = stack.enter_context(av.open(self._url, "w", format=container.name, options=options))
            size = padded(pictures.size, self._coding.video)
            self._pictures = add_pictures(self._film, self._coding.video, size, pictures.fps, pictures.tick)
            self._sound = sound and add_sound(self._film, self._coding.audio, sound.channels, sound.sample_rate)
            self._open = stack.pop_all()

    @property
    def counts(self) -> AV[int]:
        """Pictures and samples so far."""
        return self._counts

    def add_picture(self, frame: Any, stamp: int, length: int) -> None:
        """Add a picture, in the codec's own pixels, at a time and for a length in ticks.

        Raises:
            MediaError: if it is of another size, or cannot be written.
        """
        if (frame.height, frame.width) != (self._pictures.height, self._pictures.width):
            raise MediaError(f"the film changes its picture's size within {self._path.name}: give its clips a size")
        context = self._pictures.codec_context
        if not context.is_open:
            context.colorspace, context.color_range = frame.colorspace, frame.color_range
            context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        frame.pts, frame.time_base, frame.pict_type = stamp, self._kind.tick, PictureType.NONE
        self._lengths[stamp], self._end = length, stamp + length
        self._counts = AV(self._counts.video + 1, self._counts.audio)
        self._mux_pictures(frame)

    def add_sound(self, samples: np.ndarray) -> None:
        """Add float32 samples ``(channel, sample)`` in [-1, 1].

        Raises:
            MediaError: if they cannot be written.
        """
        packets = encode_sound(self._sound, samples, self._counts.audio, self._rate)
        self._counts = AV(self._counts.video, self._counts.audio + samples.shape[1])
        self._mux(packets)

    def finish(self) -> None:
        """Make the file, once it is known to hold everything.

        Raises:
            MediaError: if it does not, or cannot be written.
        """
        self._mux_pictures(None)
        if self._sound is not None:
            self._mux(self._sound.encode())
        try:
            self._film.close()
        except FFmpegError as error:
            raise _unwritten(self._path, error) from error
        heard = None if self._sound is None else Fraction(self._counts.audio, self._rate)
        check_film(self._url, AV(self._end * self._kind.tick, heard), self._counts.video)
        self._open.close()

    def discard(self) -> None:
        """Leave nothing behind; after :meth:`finish` this does nothing."""
        self._open.__exit__(GeneratorExit, GeneratorExit(), None)

    def _mux_pictures(self, frame: Any) -> None:
        try:
            packets = self._pictures.encode(frame)
        except FFmpegError as error:
            raise _unwritten(self._path, error) from error
        for packet in packets:
            packet.duration = self._lengths.pop(packet.pts)
        early, self._early = self._early or [], None
        self._mux([*early, *packets])

    def _mux(self, packets: list[Any]) -> None:
        if self._early is not None:
            self._early += packets
            return
        try:
            for packet in packets:
                self._film.mux(packet)
        except FFmpegError as error:
            raise _unwritten(self._path, error) from error


def _unwritten(path: Path, error: FFmpegError) -> PhonofilmError:
    sentence = f"could not write {path} ({error.strerror}): make room, or choose another form or folder"
    return StorageError(sentence) if error.errno in FULL else fault(error, sentence)

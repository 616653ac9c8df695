"""What training sees of packed clips: windows of one shape, from the films or from latents beside them.

Windows are numbered clip by clip in the order of the index, the same for films and for latents of them. A clip shows
as many as fit into it, one every ``stride``. Reading is split in two: a *job* holds all that a helping process needs
(no index, no PyTorch), and its results are put together where they are used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import ceil
from typing import Protocol

import numpy as np

from phonofilm.data.packed.folder import Entry, Files, Indices, Packed, Wanted
from phonofilm.data.packed.rows import FILM
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.media.source import Held
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape, nearest, sample_of

Arrays = AV[np.ndarray | None]


@dataclass(frozen=True)
class Cutting:
    """How windows lie in clips.

    Attributes:
        shape: of a window.
        stride: seconds from one window's start to the next one's; ``None``: its length.

    Raises:
        SettingError: if the stride is not positive.
    """

    shape: ClipShape
    stride: Fraction | None = None

    def __post_init__(self) -> None:
        if self.stride is not None and self.stride <= 0:
            raise SettingError(f"windows every {float(self.stride):g} s never end: choose a stride above 0")

    def start(self, window: int) -> Fraction:
        """Where a clip's window begins, in seconds."""
        return window * (self.shape.seconds if self.stride is None else self.stride)

    def count(self, pictures: Fraction | None, sound: tuple[int, int] | None) -> int:
        """How many windows fit into a clip.

        Args:
            pictures: for how many seconds they are shown; ``None`` without pictures.
            sound: samples and samples a second; ``None`` without sound.
        """
        room = [] if pictures is None else [self._of_pictures(pictures)]
        room += [] if sound is None else [self._of_sound(*sound)]
        return min(room, default=0)

    def _of_pictures(self, seconds: Fraction) -> int:
        def fits(window: int) -> bool:
            return nearest((seconds - self.start(window)) * self.shape.fps) >= self.shape.frames

        return self._fitting(fits, seconds)

    def _of_sound(self, samples: int, sample_rate: int) -> int:
        rate = self.shape.sample_rate
        heard = nearest(Fraction(samples * rate, sample_rate))

        def fits(window: int) -> bool:
            return sample_of(self.start(window), rate) + self.shape.samples <= heard

        return self._fitting(fits, Fraction(samples, sample_rate))

    def _fitting(self, fits: Callable[[int], bool], seconds: Fraction) -> int:
        """The number of windows, from the first on, that fit into so many seconds."""
        count = ceil(seconds / self.start(1))
        while count and not fits(count - 1):
            count -= 1
        return count


@dataclass(frozen=True)
class Cut:
    """One window of a film.

    Attributes:
        film: where it lies.
        start: of the window, in seconds.
        streams: which streams the film has.
    """

    film: Wanted
    start: Fraction
    streams: AV[bool]


@dataclass(frozen=True)
class CutJob:
    """Windows to be decoded; everything that a process needs for it."""

    files: Files
    shape: ClipShape
    cuts: tuple[Cut, ...]

    def run(self) -> list[Arrays]:
        """uint8 ``(frame, height, width, 3)`` beside float32 ``(channel, sample)``; ``None``: the clip has none.

        Raises:
            MediaError: naming shard and clip, if one cannot be read or decoded, or is shorter than the index says.
        """
        films = self.files.read([cut.film for cut in self.cuts])
        return [self._decode(cut, film) for cut, film in zip(self.cuts, films, strict=True)]

    def _decode(self, cut: Cut, film: bytes) -> Arrays:
        shape = self.shape
        try:
            clip = read(
                Held(cut.film.name, film),
                start=cut.start,
                seconds=shape.seconds,
                fps=shape.fps,
                sample_rate=shape.sample_rate,
                channels=shape.channels,
                size=(shape.height, shape.width),
                video=cut.streams.video,
                audio=cut.streams.audio,
            )
        except MediaError as error:
            raise MediaError(f"{cut.film.name} does not decode ({error}): pack it again") from error
        found = AV(clip.frames, clip.audio)
        lengths = found.map(lambda side, axis: side.shape[axis], AV(0, 1))
        for length, wanted in zip(lengths, (shape.frames, shape.samples), strict=True):
            if length is not None and length != wanted:
                raise MediaError(
                    f"{cut.film.name} is shorter than its index says ({length} instead of {wanted} frames or samples "
                    f"from {float(cut.start):g} s on): pack it again"
                )
        return found


class Job(Protocol):
    """Windows to be read, in any process."""

    def run(self) -> list[Arrays]:
        """Each window's two sides."""
        ...


class Windows(Protocol):
    """Windows by number.

    Attributes:
        packed: the clips.
        clip: index in ``packed`` of each window's clip.
    """

    @property
    def packed(self) -> Packed: ...  # noqa: D102, see above

    @property
    def clip(self) -> np.ndarray: ...  # noqa: D102, see above

    @property
    def digest(self) -> str:
        """Of everything that the windows depend on."""
        ...

    def job(self, windows: Indices, entries: Sequence[Entry]) -> Job:
        """What reads these windows, whose clips are ``entries``."""
        ...


class ShortClipsWarning(UserWarning):
    """Clips are left out for being shorter than a window, as was asked for."""


@dataclass(frozen=True)
class ClipWindows:
    """Windows of the films themselves.

    Args:
        packed: the clips.
        cutting: shape of a window, and where they lie.
        leave_short: clips too short for one window are left out, and a :class:`ShortClipsWarning` says how many; else
            they are an error.

    Raises:
        SettingError: if clips are too short for a window.
    """

    packed: Packed
    cutting: Cutting
    leave_short: bool = False
    clip: np.ndarray = field(init=False, repr=False)
    number: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        counts = _counts(self.packed, self.cutting)
        clip, number = numbered(counts)
        short = np.flatnonzero(counts == 0)
        key = self.packed.table["clip_id"][int(short[0])].as_py() if len(short) else "none"
        told = f"{len(short)} of {len(self.packed)} clips, {key} the first of them, are"
        seconds = f"{float(self.cutting.shape.seconds):g} s"
        if not len(clip) or (len(short) and not self.leave_short):
            leave = ", or leave them out (--leave-short, leave_short=true)" if len(clip) else ""
            raise SettingError(f"{told} shorter than {seconds}: prepare longer clips, or take a shorter window{leave}")
        if len(short):
            warnings.warn(
                f"{told} left out: they are shorter than {seconds}", ShortClipsWarning, stacklevel=1
            )  # once, whoever asks
        object.__setattr__(self, "clip", clip)
        object.__setattr__(self, "number", number)

    @property
    def digest(self) -> str:
        """Of clips and cutting."""
        return f"{self.packed.digest} {self.packed.split} {self.cutting}"

    def job(self, windows: Indices, entries: Sequence[Entry]) -> CutJob:
        """What decodes these windows."""
        cuts = tuple(
            Cut(
                entry.wanted(FILM),
                self.cutting.start(int(self.number[window])),
                AV(entry.video is not None, entry.audio is not None),
            )
            for window, entry in zip(windows, entries, strict=True)
        )
        return CutJob(self.packed.files, self.cutting.shape, cuts)

    def clips(self, windows: Indices) -> list[Clip]:
        """These windows as clips.

        Raises:
            MediaError: see :meth:`CutJob.run`.
        """
        entries = self.packed.entries(self.clip[list(windows)])
        shape = self.cutting.shape
        return [
            Clip(found.video, found.audio, shape.fps, shape.sample_rate) for found in self.job(windows, entries).run()
        ]


def numbered(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every window its clip's index and its number in the clip, from the number of windows of each clip."""
    clip = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return clip, np.arange(len(clip)) - first[clip]


def _counts(packed: Packed, cutting: Cutting) -> np.ndarray:
    """Windows of each clip; lengths that many clips share are looked at once."""
    count = cache(cutting.count)
    num, den = (packed.column("video", "seconds", part) for part in ("num", "den"))
    samples, rates = (packed.column("audio", part) for part in ("samples", "sample_rate"))
    return np.array(
        [
            count(None if n is None else Fraction(n, d), None if heard is None else (heard, rate))
            for n, d, heard, rate in zip(num, den, samples, rates, strict=True)
        ],
        np.int64,
    )

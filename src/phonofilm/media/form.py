"""What a clip is to be as a file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from phonofilm.errors import SettingError, unknown_name
from phonofilm.media.coding import AAC, FLAC, Container, h264
from phonofilm.pair import AV

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
"""x264's efforts, the least first."""
CRF = 20
PRESET: Preset = "superfast"
"""How clips are coded unless one says otherwise: as near to the film as ``veryfast`` at 18, larger, and quicker."""


@dataclass(frozen=True)
class Form:
    """Rates, size and coding of clips; where nothing is said the film's own are kept.

    Clips are MP4. Pictures are H.264 in 4:2:0, upright, with square pixels, in the film's own colour matrix; an odd
    side is made even by repeating the last row or column. Without ``fps`` each picture keeps its own time, so a film
    of variable rate stays one.

    Attributes:
        fps: frames a second of a constant clock, see :class:`phonofilm.media.resample.Clock`.
        size: (height, width) that pictures are scaled to cover and cut to.
        sample_rate: samples a second.
        channels: mix the sound to that many, 1 or 2.
        crf: x264's quality, 0 to 51; less is better.
        preset: x264's effort.
        compressed: sound is AAC rather than FLAC of 16 bits.
    """

    fps: Fraction | None = None
    size: tuple[int, int] | None = None
    sample_rate: int | None = None
    channels: int | None = None
    crf: int = CRF
    preset: Preset = PRESET
    compressed: bool = False

    def __post_init__(self) -> None:
        if any(value is not None and value <= 0 for value in (self.fps, self.sample_rate, *(self.size or ()))):
            raise SettingError("a clip's fps, sample rate and size must be positive: leave out those to be kept")
        if self.channels not in (None, 1, 2):
            raise SettingError(f"clips cannot have {self.channels} channels: choose 1 or 2, or keep them all")
        if not 0 <= self.crf <= 51:
            raise SettingError(f"x264 has no crf {self.crf}: choose 0 to 51")
        if self.preset not in get_args(Preset):
            raise unknown_name("preset of x264", self.preset, get_args(Preset))

    @property
    def container(self) -> Container:
        """The format and codecs of its files."""
        return Container("mp4", AV(h264(self.crf, self.preset), AAC if self.compressed else FLAC))

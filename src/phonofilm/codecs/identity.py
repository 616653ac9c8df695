"""Codecs that change nothing but the layout: for pixel-space families and for tests."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn import functional

from phonofilm.codecs.store import Part
from phonofilm.shapes import ClipShape


class PictureConfig(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SoundConfig(BaseModel):
    """Layout of the sound.

    Attributes:
        sample_rate: of the sound.
        block: samples a latent row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: int = Field(default=16_000, gt=0)
    block: int = Field(default=640, gt=0)


class Pictures(Part[PictureConfig]):
    """Frames are their own latents ``(B, 3, F, H, W)``."""

    Config: ClassVar[type[BaseModel]] = PictureConfig

    def __init__(self, config: PictureConfig | None = None) -> None:
        super().__init__(config or PictureConfig())

    def encode(self, frames: Tensor) -> Tensor:
        """The frames."""
        return frames

    def decode(self, latents: Tensor) -> Tensor:
        """The frames."""
        return latents

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(3, F, H, W)``."""
        return (3, shape.frames, shape.height, shape.width)


class Sound(Part[SoundConfig]):
    """Sound cut into rows of ``block`` samples, ``(B, 1, T, block)``; the last row is filled up with zeros."""

    Config: ClassVar[type[BaseModel]] = SoundConfig

    def __init__(self, config: SoundConfig | None = None) -> None:
        super().__init__(config or SoundConfig())
        self.sample_rate = self.config.sample_rate

    def encode(self, sound: Tensor) -> Tensor:
        """Waveforms ``(B, samples)`` to ``(B, 1, T, block)``."""
        block = self.config.block
        return functional.pad(sound, (0, -sound.shape[1] % block)).unflatten(1, (1, -1, block))

    def decode(self, latents: Tensor, samples: int) -> Tensor:
        """The first ``samples`` samples."""
        return latents.flatten(1)[:, :samples]

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(1, T, block)``."""
        return (1, -(-shape.samples // self.config.block), self.config.block)

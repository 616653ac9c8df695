"""Per-frame variational autoencoder for pictures (the form of latent diffusion, arXiv 2112.10752)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from phonofilm.codecs.autoencoder import Autoencoder, AutoencoderConfig
from phonofilm.codecs.store import Part
from phonofilm.errors import SettingError
from phonofilm.shapes import ClipShape

FRAMES_AT_ONCE = 64  # bounds memory: a long clip is worked through in pieces


class VideoVaeConfig(BaseModel):
    """A picture codec's only setting is its autoencoder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    autoencoder: AutoencoderConfig


TINY = VideoVaeConfig(autoencoder=AutoencoderConfig(channels=3, latent_channels=4, patch=2, widths=(32, 64, 96)))
PAPER = VideoVaeConfig(
    autoencoder=AutoencoderConfig(
        channels=3, latent_channels=4, widths=(128, 256, 512, 512), layers=2, groups=32, attention=True
    )
)


class VideoVae(Part[VideoVaeConfig]):
    """Frames ``(B, 3, F, H, W)`` to latents ``(B, 4, F, H / 8, W / 8)`` and back, each frame on its own."""

    Config: ClassVar[type[BaseModel]] = VideoVaeConfig

    def __init__(self, config: VideoVaeConfig) -> None:
        super().__init__(config)
        self.autoencoder = Autoencoder(config.autoencoder)

    def encode(self, frames: Tensor) -> Tensor:
        """Standardised latents.

        Raises:
            SettingError: if height or width is not a multiple of the factor.
        """
        self._check(*frames.shape[-2:])
        return _per_frame(self.autoencoder.encode, frames)

    def decode(self, latents: Tensor) -> Tensor:
        """Frames of standardised latents."""
        return _per_frame(self.autoencoder.decode, latents)

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(C, F, h, w)``.

        Raises:
            SettingError: if height or width is not a multiple of the factor.
        """
        self._check(shape.height, shape.width)
        own = self.config.autoencoder
        return (own.latent_channels, shape.frames, shape.height // own.factor, shape.width // own.factor)

    def _check(self, height: int, width: int) -> None:
        factor = self.config.autoencoder.factor
        if height % factor or width % factor:
            raise SettingError(
                f"pictures of {width}x{height} do not fit the codec: width and height must be multiples of {factor}"
            )


def _per_frame(fn: Callable[[Tensor], Tensor], clips: Tensor) -> Tensor:
    """Apply ``fn`` on pictures ``(N, C, H, W)`` to clips ``(B, C, F, H, W)``."""
    batch, _, frames, _, _ = clips.shape
    pictures = clips.transpose(1, 2).flatten(0, 1)
    done = torch.cat([fn(piece) for piece in pictures.split(FRAMES_AT_ONCE)])
    return done.unflatten(0, (batch, frames)).transpose(1, 2)

"""Sound codec: log-mel, a variational autoencoder over it, and a vocoder (the form of AudioLDM, arXiv 2301.12503)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn import functional

from phonofilm.codecs.autoencoder import Autoencoder, AutoencoderConfig
from phonofilm.codecs.mel import BANDS, HOP, SAMPLE_RATE, LogMel
from phonofilm.codecs.store import Part
from phonofilm.codecs.vocoder import HifiGan, HifiGanConfig, Vocoder, VocoderConfig
from phonofilm.shapes import ClipShape


class MelVaeConfig(BaseModel):
    """Sizes of a log-mel autoencoder.

    Attributes:
        autoencoder: works on log-mels as one-channel pictures, time by band.
        center, scale: log-mels enter as ``(x - center) / scale``; 0 and 1 for published weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    autoencoder: AutoencoderConfig
    center: float = 0.0
    scale: float = Field(default=1.0, gt=0)


class AudioVaeConfig(BaseModel):
    """A sound codec.

    Attributes:
        mel_vae: between log-mels and latents.
        vocoder: between log-mels and sound.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mel_vae: MelVaeConfig
    vocoder: VocoderConfig | HifiGanConfig = Field(union_mode="left_to_right")


TINY = AudioVaeConfig(
    mel_vae=MelVaeConfig(
        autoencoder=AutoencoderConfig(channels=1, latent_channels=8, patch=2, widths=(32, 64)), center=-6.0, scale=4.0
    ),
    vocoder=VocoderConfig(),
)
PAPER = AudioVaeConfig(
    mel_vae=MelVaeConfig(
        autoencoder=AutoencoderConfig(
            channels=1, latent_channels=8, widths=(128, 256, 512), layers=2, groups=32, attention=True
        )
    ),
    vocoder=HifiGanConfig(),
)


class MelVae(Part[MelVaeConfig]):
    """Log-mel ``(B, T, 64)`` to latents ``(B, C, T / factor, 64 / factor)`` and back."""

    Config: ClassVar[type[BaseModel]] = MelVaeConfig

    def __init__(self, config: MelVaeConfig) -> None:
        super().__init__(config)
        self.autoencoder = Autoencoder(config.autoencoder)

    def encode(self, mel: Tensor) -> Tensor:
        """Standardised latents of log-mels whose number of frames is a multiple of the factor."""
        return self.autoencoder.encode(self.picture(mel))

    def decode(self, latents: Tensor) -> Tensor:
        """Log-mels of standardised latents."""
        return self.mel(self.autoencoder.decode(latents))

    def picture(self, mel: Tensor) -> Tensor:
        """The one-channel picture ``(B, 1, T, 64)`` that the autoencoder sees."""
        return ((mel - self.config.center) / self.config.scale).unsqueeze(1)

    def mel(self, picture: Tensor) -> Tensor:
        """The log-mel of such a picture."""
        return picture.squeeze(1) * self.config.scale + self.config.center


class AudioVae(Part[AudioVaeConfig]):
    """Waveforms ``(B, samples)`` at 16 kHz to latents ``(B, C, T, M)`` and back.

    With a factor of 4, latent row ``j`` holds the mel frames ``4 j`` to ``4 j + 3``: 40 ms, the middle of
    which is at ``40 j + 15`` ms.
    """

    Config: ClassVar[type[BaseModel]] = AudioVaeConfig
    sample_rate = SAMPLE_RATE

    def __init__(self, config: AudioVaeConfig) -> None:
        super().__init__(config)
        self.log_mel = LogMel()
        self.mel_vae = MelVae(config.mel_vae)
        own = config.vocoder
        self.vocoder: Vocoder | HifiGan = Vocoder(own) if isinstance(own, VocoderConfig) else HifiGan(own)

    @property
    def row(self) -> int:
        """Samples a latent row."""
        return HOP * self.config.mel_vae.autoencoder.factor

    @property
    def encoder(self) -> MelVae:
        """Latents do not depend on the vocoder."""
        return self.mel_vae

    def encode(self, sound: Tensor) -> Tensor:
        """Standardised latents; sound that ends inside a latent row is filled up with silence.

        Raises:
            SettingError: if the sound is shorter than half a mel window.
        """
        return self.mel_vae.encode(self.log_mel(functional.pad(sound, (0, -sound.shape[1] % self.row))))

    def decode(self, latents: Tensor, samples: int) -> Tensor:
        """The first ``samples`` samples of the sound of standardised latents."""
        return self.vocoder(self.mel_vae.decode(latents))[:, :samples]

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(C, T, M)``."""
        own = self.config.mel_vae.autoencoder
        return (own.latent_channels, -(-shape.samples // self.row), BANDS // own.factor)

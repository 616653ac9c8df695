"""Log-mel to waveform: a small inverse-Fourier vocoder, and the HiFi-GAN of the published models.

The small one follows Vocos (arXiv 2306.00814): a ConvNeXt backbone at the mel frame rate whose head predicts the
magnitude and phase of a short-time spectrum. Unlike Vocos the synthesis window is much shorter than the mel's
and each mel frame yields several spectra, so that an attack is not smeared over 64 ms; a gate at a still finer
rate multiplies the sound, since a sum of smooth windows cannot start within a millisecond; and steady tones
come from oscillators (:mod:`phonofilm.codecs.tones`), of which the network says how much of each is heard.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from phonofilm.codecs.mel import BANDS, HOP
from phonofilm.codecs.store import Part
from phonofilm.codecs.tones import Tones
from phonofilm.errors import SettingError


class VocoderConfig(BaseModel):
    """Sizes of the small vocoder.

    Attributes:
        width: channels of the backbone.
        expansion: inner width of a block, in multiples of ``width``.
        blocks: ConvNeXt blocks.
        kernel: frames that a block's depthwise convolution sees.
        window: samples of the synthesis window.
        spectra: short-time spectra a mel frame; the synthesis hop is ``160 / spectra``.
        gates: values of a gate in each mel frame (16: one each 0.6 ms); 0 for no gates.
        tones: add oscillators for steady tones.
        center, scale: log-mel values are standardised as ``(x - center) / scale``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=192, gt=0)
    expansion: int = Field(default=3, gt=0)
    blocks: int = Field(default=5, gt=0)
    kernel: int = Field(default=7, gt=0)
    window: int = Field(default=320, gt=0)
    spectra: int = Field(default=2, gt=0)
    gates: int = Field(default=16, ge=0, le=HOP)
    tones: bool = False
    center: float = -6.0
    scale: float = Field(default=4.0, gt=0)

    @property
    def hop(self) -> int:
        """Samples between spectra.

        Raises:
            SettingError: if it is not a whole number.
        """
        if HOP % self.spectra:
            raise SettingError(f"vocoder setting spectra={self.spectra} must divide the mel hop of {HOP} samples")
        return HOP // self.spectra


class Block(nn.Module):
    """ConvNeXt block in one dimension: depthwise convolution, LayerNorm, two linear layers, layer scale."""

    def __init__(self, width: int, inner: int, kernel: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.scale = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, width)`` to the same."""
        y = self.norm(self.depthwise(x.transpose(1, 2)).transpose(1, 2))
        return x + self.scale * self.narrow(nn.functional.gelu(self.widen(y)))


class Vocoder(Part[VocoderConfig]):
    """Log-mel ``(B, T, 64)`` to waveform ``(B, 160 T)``; frame ``k`` is centred on sample ``160 k``."""

    Config: ClassVar[type[BaseModel]] = VocoderConfig
    window: Tensor

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__(config)
        inner = config.width * config.expansion
        self.enter = nn.Conv1d(BANDS, config.width, config.kernel, padding=config.kernel // 2)
        self.enter_norm = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(
            Block(config.width, inner, config.kernel, 1 / config.blocks) for _ in range(config.blocks)
        )
        self.leave_norm = nn.LayerNorm(config.width)
        self.tones = Tones() if config.tones else None
        # what the head predicts: spectra and their gate; share and gate of the tones
        steered = (BANDS, config.gates) if config.tones else (0, 0)
        self.sizes = (config.spectra * (config.window + 2), config.gates, *steered)
        self.head = nn.Linear(config.width, sum(self.sizes))
        self.register_buffer("window", torch.hann_window(config.window), persistent=False)
        self.hop = config.hop

    def forward(self, mel: Tensor) -> Tensor:
        """Waveform of a log-mel."""
        x = ((mel - self.config.center) / self.config.scale).transpose(1, 2)
        x = self.enter_norm(self.enter(x).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        spectra, gate, shares, tone_gate = self.head(self.leave_norm(x)).split(self.sizes, dim=2)
        sound = _gated(self._synthesise(spectra), gate)
        if self.tones is None:
            return sound
        return sound + _gated(self.tones(mel, 2 * torch.sigmoid(shares)), tone_gate)

    def _synthesise(self, head: Tensor) -> Tensor:
        """Predicted log-magnitudes and phases ``(B, T, spectra * (window + 2))`` to sound."""
        frames = head.shape[1]
        log_magnitude, phase = head.unflatten(2, (self.config.spectra, -1)).flatten(1, 2).chunk(2, dim=2)
        # exp is clipped where Vocos clips it: one wild frame must not blow up a training step
        magnitude = log_magnitude.exp().clamp(max=1e2)
        spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin()).transpose(1, 2)
        return torch.istft(spectrum, self.config.window, self.hop, window=self.window, center=True, length=frames * HOP)


def _gated(sound: Tensor, logits: Tensor) -> Tensor:
    """Sound ``(B, 160 T)`` times a gate, from values ``(B, T, gates)`` with straight lines in between."""
    if not logits.shape[2]:
        return sound
    # open at first, so that training begins with what is gated
    opened = torch.sigmoid(logits.flatten(1) + 2).unsqueeze(1)
    return sound * nn.functional.interpolate(opened, size=sound.shape[1], mode="linear").squeeze(1)


class HifiGanConfig(BaseModel):
    """Sizes of the HiFi-GAN of the published models (transformers' ``SpeechT5HifiGan``); defaults are AudioLDM's.

    Attributes:
        rates, kernels: upsampling factors, whose product is the mel hop, and their kernels.
        width: channels after the first convolution.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: tuple[int, ...] = (5, 4, 2, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 8, 4, 4)
    width: int = Field(default=1024, gt=0)


class HifiGan(Part[HifiGanConfig]):
    """Log-mel ``(B, T, 64)`` to waveform ``(B, 160 T)`` with HiFi-GAN (arXiv 2010.05646)."""

    Config: ClassVar[type[BaseModel]] = HifiGanConfig

    def __init__(self, config: HifiGanConfig) -> None:
        from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

        super().__init__(config)
        self.network = SpeechT5HifiGan(
            SpeechT5HifiGanConfig(
                model_in_dim=BANDS,
                sampling_rate=16_000,
                upsample_initial_channel=config.width,
                upsample_rates=list(config.rates),
                upsample_kernel_sizes=list(config.kernels),
                normalize_before=False,
            )
        )

    def forward(self, mel: Tensor) -> Tensor:
        """Waveform of a log-mel."""
        return self.network(mel)[:, : mel.shape[1] * HOP]

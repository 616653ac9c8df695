"""Very small codecs with random weights."""

from __future__ import annotations

import torch

from phonofilm.codecs import Codec
from phonofilm.codecs.audio_vae import AudioVae, AudioVaeConfig, MelVaeConfig
from phonofilm.codecs.autoencoder import AutoencoderConfig
from phonofilm.codecs.video_vae import VideoVae, VideoVaeConfig
from phonofilm.codecs.vocoder import VocoderConfig

SMALL_VIDEO = VideoVaeConfig(
    autoencoder=AutoencoderConfig(channels=3, latent_channels=4, patch=2, widths=(4, 6, 8), groups=2)
)
SMALL_SOUND = AudioVaeConfig(
    mel_vae=MelVaeConfig(
        autoencoder=AutoencoderConfig(channels=1, latent_channels=8, patch=2, widths=(4, 6), groups=2),
        center=-6.0,
        scale=4.0,
    ),
    vocoder=VocoderConfig(width=8, blocks=1, expansion=2),
)


def random_codec(seed: int = 0) -> Codec:
    """A codec that hears and sees nothing sensible, the same for the same seed."""
    torch.manual_seed(seed)
    return Codec(VideoVae(SMALL_VIDEO).eval().requires_grad_(False), AudioVae(SMALL_SOUND).eval().requires_grad_(False))

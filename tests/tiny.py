"""The smallest whole model: the tiny family sizes with random weights, for tests of what stands around a model."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from phonofilm import models
from phonofilm.codecs import Codec, audio_vae, video_vae
from phonofilm.conditioning.text import TextConfig, TextEncoder
from phonofilm.conditioning.tokenizer import seen_words, train_tokenizer
from phonofilm.models import Model

CAPTIONS = (
    "a drumstick hits a metal pipe twice",
    "a glass ball bounces on wood",
    "a hammer hits a ceramic bowl three times",
)


def tiny_model(seed: int = 0) -> Model:
    """``svg-tiny`` with random weights; its text encoder has seen the words of :data:`CAPTIONS`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokenizer = train_tokenizer(CAPTIONS)
        text = TextEncoder(TextConfig(vocabulary=len(tokenizer)), tokenizer, seen_words(CAPTIONS)).eval()
        codec = Codec(
            video_vae.VideoVae(video_vae.TINY).eval().requires_grad_(False),
            audio_vae.AudioVae(audio_vae.TINY).eval().requires_grad_(False),
        )
        model = models.create("svg-tiny", codec, text, seed=seed)
        _fill_zeros(model.network)
        return model


def save_tiny_model(folder: Path, seed: int = 0) -> Path:
    """The folder of such a model."""
    return models.save(tiny_model(seed), folder)


@torch.no_grad()
def _fill_zeros(network: nn.Module) -> None:
    """Weights that begin at zero would hide whether picture and sound see each other at all."""
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():
            parameter.normal_(std=0.05)

"""A whole model that is built in a moment: the small svg network between pixels, waveforms and three captions."""

from __future__ import annotations

import torch

from phonofilm.codecs import Codec, identity
from phonofilm.conditioning.text import TextConfig, TextEncoder
from phonofilm.conditioning.tokenizer import train_tokenizer
from phonofilm.models import Model, create
from phonofilm.pair import AV
from tests.models.svg.small import TEXT, small_config


def small_text() -> TextEncoder:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["a ball falls", "a bell rings"], vocabulary=64, max_tokens=16)
    config = TextConfig(vocabulary=len(tokenizer), max_tokens=16, width=TEXT, layers=1, heads=2)
    return TextEncoder(config, tokenizer, ["ball", "bell"]).eval()


def small_model(seed: int = 0) -> Model:
    codec = Codec(identity.Pictures(), identity.Sound())
    return create("svg-tiny", codec, small_text(), seed=seed, config=small_config(channels=AV(3, 1)))

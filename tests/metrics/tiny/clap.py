"""CLAP by transformers, small, with a tokenizer of single bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.metrics.small_tokens import bytes_of_roberta
from tests.metrics.sown import sow


def give(folder: Path, patch: pytest.MonkeyPatch, **audio: object) -> dict[str, str]:
    """A folder as the hub hands it out."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    text = {
        "vocab_size": 300,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 66,
        "projection_dim": 24,
    }
    sound = {
        "hidden_size": 64,
        "patch_embeds_hidden_size": 16,
        "depths": [1, 1, 1],
        "num_attention_heads": [2, 2, 2],
        "spec_size": 256,
        "window_size": 8,
        "projection_dim": 24,
        **audio,
    }
    place = folder / "clap"
    network = ClapModel(ClapConfig(text_config=text, audio_config=sound, projection_dim=24))
    sow(network).save_pretrained(place)
    ClapFeatureExtractor(frequency_min=50, truncation="rand_trunc").save_pretrained(place)
    bytes_of_roberta().save_pretrained(place)
    return {"clap": str(place)}

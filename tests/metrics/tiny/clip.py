"""CLIP by transformers, small, with a tokenizer of bytes and two words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.metrics.small_tokens import SIZE, bytes_of_clip
from tests.metrics.sown import sow

WIDTH = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder as the hub hands it out."""
    from transformers import CLIPConfig, CLIPModel

    text = {"vocab_size": SIZE, "bos_token_id": SIZE - 2, "eos_token_id": 2, "projection_dim": 24, **WIDTH}
    picture = {"image_size": 32, "patch_size": 8, "projection_dim": 24, **WIDTH}
    place = folder / "clip"
    network = CLIPModel(CLIPConfig(text_config=text, vision_config=picture, projection_dim=24))
    sow(network).save_pretrained(place)
    bytes_of_clip(place / "tokenizer.json")
    return {"clip": str(place)}

"""LanguageBind for films and for sounds, small, in folders as the hub hands them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from phonofilm.metrics._features._languagebind import LanguageBindNet, Sizes
from tests.metrics.small_tokens import SIZE, bytes_of_clip
from tests.metrics.sown import sow

LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, "hidden_act": "gelu"}
TEXT = {"hidden_size": 12, "vocab_size": SIZE, **LAYERS}
FILM = {"hidden_size": 16, "patch_size": 7, "image_size": 28, "num_frames": 8, "add_time_attn": True, **LAYERS}
SOUND = {
    "hidden_size": 16, "patch_size": 14, "num_mel_bins": 28, "target_length": 140, "audio_mean": -4.2677393,
    "audio_std": 4.5689974, **LAYERS,
}  # fmt: skip


def config(picture: dict[str, Any]) -> dict[str, Any]:
    """A ``config.json``."""
    return {"projection_dim": 10, "text_config": TEXT, "vision_config": {"lora_r": 0, **picture}}


def give(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Both folders, and a tokenizer."""
    found = {}
    for name, picture in (("languagebind-video", FILM), ("languagebind-audio", SOUND)):
        place = folder / name
        place.mkdir(parents=True)
        said = config(picture)
        (place / "config.json").write_text(json.dumps(said))
        state = sow(LanguageBindNet(Sizes.of(said))).state_dict()
        state["text_model.embeddings.position_ids"] = torch.arange(77)[None]
        torch.save(state, place / "pytorch_model.bin")
        found[name] = str(place)
    return {**found, "clip-tokenizer": str(bytes_of_clip(folder / "clip_tokens.json"))}

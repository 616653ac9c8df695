"""LanguageBind: numbers of the public networks, what they are shown, and what does not fit.

The public networks (PKU-YuanGroup/LanguageBind at 7070c53, on transformers 4.36 and a helper of 4.33) gave the numbers
below on the same small weights, for a film and a sound prepared by hand in the public way without the mirroring and
with each piece at the first of its places; all embeddings agreed to 2e-7.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features._languagebind import LanguageBindNet, Sizes
from phonofilm.metrics._features._openai import MEAN, STD
from phonofilm.metrics._features.languagebind import LanguageBindPicture, LanguageBindSound, middle, pieces
from tests.metrics.sown import moving
from tests.metrics.tiny import languagebind as tiny


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=tiny.give(tmp_path, monkeypatch))


def film(samples: int = 30_000) -> Subject:
    sound = (0.1 * np.random.default_rng(0).standard_normal((1, samples))).astype(np.float32)
    return Subject("film", Clip(moving(13, 40, 62, 5).frames, sound, Fraction(5), 16_000), "a cat and a bell")


def test_the_networks_are_the_public_ones(given: Given) -> None:
    """Their numbers on these weights, within 1e-4."""
    picture, sound = LanguageBindPicture(given), LanguageBindSound(given)
    np.testing.assert_allclose(picture(film())["features"][:4], PICTURE, atol=1e-4)
    np.testing.assert_allclose(sound(film())["features"][:4], SOUND, atol=1e-4)
    for text, wanted in zip(("a cat and a bell", "bell " * 90), SENTENCES, strict=True):
        np.testing.assert_allclose(picture.sentence(text)[:4], wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("languagebind-text-video", -0.477796),
        ("languagebind-text-audio", 0.288358),
        ("languagebind-audio-video", -0.676904),
    ],
)
def test_golden(name: str, wanted: float, given: Given) -> None:
    """Of weights that are the same everywhere; a change of definition changes them. Within 1e-4."""
    metric = find(name, given)
    two = metric.measure(film())
    assert metric.agree(two.one, two.other) == pytest.approx(wanted, abs=1e-4)


def test_the_layout_is_clips_with_attention_over_time() -> None:
    large = {"num_hidden_layers": 24, "num_attention_heads": 16, "hidden_size": 1024, "intermediate_size": 4096}
    said = tiny.config({**large, "patch_size": 14, "num_frames": 8, "add_time_attn": True})
    with torch.device("meta"):
        state = {name: tuple(value.shape) for name, value in LanguageBindNet(Sizes.of(said)).state_dict().items()}
    for name, shape in {
        "vision_model.embeddings.class_embedding": (1024,),
        "vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
        "vision_model.embeddings.position_embedding.weight": (257, 1024),
        "vision_model.pre_layrnorm.weight": (1024,),
        "vision_model.encoder.layers.23.temporal_embedding": (1, 8, 1024),
        "vision_model.encoder.layers.0.temporal_attn.out_proj.bias": (1024,),
        "vision_model.encoder.layers.0.temporal_layer_norm1.weight": (1024,),
        "vision_model.encoder.layers.0.self_attn.q_proj.weight": (1024, 1024),
        "vision_model.encoder.layers.0.mlp.fc1.weight": (4096, 1024),
        "text_model.final_layer_norm.weight": (12,),
        "visual_projection.weight": (10, 1024),
        "logit_scale": (),
    }.items():
        assert state[name] == shape, name


def test_frames_are_cut_to_their_middle_without_antialiasing() -> None:
    frames = np.zeros((1, 56, 84, 3), np.uint8)
    frames[0, :, ::2] = 200
    found = middle(frames, 28)[0].permute(1, 2, 0) * torch.tensor(STD) + torch.tensor(MEAN)
    assert found.shape == (28, 28, 3)
    np.testing.assert_allclose(found, 100 / 255, atol=1e-6)


def test_three_pieces_begin_where_their_thirds_begin() -> None:
    bands = torch.arange(10.0)[:, None]
    assert pieces(bands, 4)[:, 0, 0].tolist() == [0, 3, 5]
    assert pieces(bands, 9)[:, 0].tolist() == [list(range(9)), list(range(1, 10)), list(range(9))]
    assert pieces(bands, 10)[:, 0].tolist() == [list(range(10))] * 3
    assert pieces(bands[:4], 10)[:, 0].tolist() == [[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]] * 3


def test_a_sound_too_short_to_be_heard_is_named(given: Given) -> None:
    with pytest.raises(MediaError, match="lasts 6 ms, and 25 ms"):
        find("languagebind-audio-video", given).measure(film(100))


def test_what_picture_and_sound_need_is_no_tokenizer(given: Given) -> None:
    alone = Given(weights={name: path for name, path in given.weights.items() if name != "clip-tokenizer"})
    assert find("languagebind-audio-video", alone).measure(film()) is not None
    with pytest.raises(SettingError, match="--weights clip-tokenizer=PATH"):
        find("languagebind-text-video", alone)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("video", {"lora_r": 2}),
        ("video", {"clip_type": "vl_new"}),
        ("video", {"add_time_attn": False}),
        ("audio", {"add_time_attn": True}),
        ("audio", {"num_mel_bins": 0, "image_size": 28}),
    ],
)
def test_another_network_of_the_family_is_refused(name: str, change: dict[str, object], given: Given) -> None:
    path = Path(given.weights[f"languagebind-{name}"]) / "config.json"
    said = json.loads(path.read_text())
    said["vision_config"].update(change)
    path.write_text(json.dumps(said))
    with pytest.raises(WeightsError, match=f"another network of LanguageBind: get languagebind-{name} from hf://"):
        find("languagebind-audio-video", given).measure(film())


def test_folders_that_lack_a_part_are_named(given: Given) -> None:
    folder = Path(given.weights["languagebind-video"])
    state = torch.load(folder / "pytorch_model.bin")
    del state["visual_projection.weight"]
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"lacks 'visual_projection\.weight'"):
        find("languagebind-text-video", given).measure(film())
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(WeightsError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        find("languagebind-text-video", given).measure(film())
    (folder / "config.json").unlink()
    with pytest.raises(WeightsError, match=r"no config\.json"):
        find("languagebind-text-video", given).measure(film())


PICTURE = [0.19087, 0.02729, 0.36181, 0.06194]
SOUND = [-0.16582, -0.42169, -0.17596, -0.23565]
SENTENCES = [[-0.41331, -0.01328, -0.21037, 0.52338], [0.33095, 0.50597, -0.07989, 0.26218]]

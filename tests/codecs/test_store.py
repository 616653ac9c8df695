"""Codecs on disk: strict, self-describing, found by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from phonofilm.codecs import Codec, load, save
from phonofilm.codecs.audio_vae import AudioVae
from phonofilm.codecs.identity import Pictures, Sound, SoundConfig
from phonofilm.codecs.store import part_class
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.errors import SettingError, WeightsError
from tests.codecs.small import SMALL_SOUND, SMALL_VIDEO, random_codec


def test_saved_codec_gives_the_same_latents(tmp_path: Path) -> None:
    codec = random_codec()
    save(codec, tmp_path)
    again = load(tmp_path)
    frames, sound = torch.rand(2, 3, 5, 16, 24) * 2 - 1, torch.rand(2, 7 * 640) * 2 - 1
    torch.testing.assert_close(again.video.encode(frames), codec.video.encode(frames), rtol=0, atol=0)
    torch.testing.assert_close(again.audio.encode(sound), codec.audio.encode(sound), rtol=0, atol=0)
    assert isinstance(again.video, VideoVae)
    assert not any(parameter.requires_grad for parameter in again.video.parameters())
    assert not again.video.training


def test_half_precision_is_stored_as_float16_and_loads_as_float32(tmp_path: Path) -> None:
    save(random_codec(), tmp_path / "half", half=True)
    stored_weights = load_file(tmp_path / "half" / "video" / "weights.safetensors")
    assert {value.dtype for value in stored_weights.values()} == {torch.float16}
    again = load(tmp_path / "half")
    assert isinstance(again.video, VideoVae)
    assert {value.dtype for value in again.video.state_dict().values()} == {torch.float32}


def test_part_is_found_by_its_name() -> None:
    assert part_class("identity.Sound") is Sound
    assert part_class(VideoVae(SMALL_VIDEO).kind) is VideoVae
    assert part_class(AudioVae(SMALL_SOUND).kind) is AudioVae


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("video_va.VideoVae", "did you mean 'video_vae'"),
        ("identity.Sounds", "did you mean 'Sound'"),
        ("os.Pictures", "unknown codec"),
        ("identity.Part", "unknown part"),
        ("identity", "unknown part"),
    ],
)
def test_unknown_name_offers_the_nearest(kind: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        part_class(kind)


def stored(folder: Path) -> Path:
    save(Codec(VideoVae(SMALL_VIDEO), Sound(SoundConfig())), folder)
    return folder / "video"


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a codec part"):
        load(tmp_path / "nothing")


def test_other_version(tmp_path: Path) -> None:
    part = stored(tmp_path)
    description = json.loads((part / "part.json").read_text())
    (part / "part.json").write_text(json.dumps({**description, "version": 99}))
    with pytest.raises(WeightsError, match="version 99, this Phonofilm reads 1"):
        load(tmp_path)


def test_config_with_an_unknown_field(tmp_path: Path) -> None:
    part = stored(tmp_path)
    description = json.loads((part / "part.json").read_text())
    description["config"]["autoencoder"]["width"] = 7
    (part / "part.json").write_text(json.dumps(description))
    with pytest.raises(WeightsError, match=r"autoencoder\.width"):
        load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 5},
        {"kind": ["video_vae.VideoVae"]},
        {"config": 5},
        {"config": None},
        {"config": {"autoencoder": {**SMALL_VIDEO.autoencoder.model_dump(), "groups": 7}}},
        {"config": {"autoencoder": {**SMALL_VIDEO.autoencoder.model_dump(), "widths": [0, -3]}}},
    ],
)
def test_description_that_makes_no_part(tmp_path: Path, change: dict) -> None:
    part = stored(tmp_path)
    description = json.loads((part / "part.json").read_text())
    (part / "part.json").write_text(json.dumps(description | change))
    with pytest.raises(WeightsError, match=r"damaged|not valid|makes no part"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "5", "\xff"])
def test_description_that_is_none(tmp_path: Path, text: str) -> None:
    part = stored(tmp_path)
    (part / "part.json").write_text(text, encoding="latin-1")
    with pytest.raises(WeightsError, match="not a codec part"):
        load(tmp_path)


def test_truncated_weights(tmp_path: Path) -> None:
    path = stored(tmp_path) / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="cannot be read"):
        load(tmp_path)


def test_two_flipped_bytes(tmp_path: Path) -> None:
    path = stored(tmp_path) / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-2:] = bytes(byte ^ 0x15 for byte in content[-2:])
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"video.weights\.safetensors is damaged"):
        load(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "extra", "shape"])
def test_weights_that_do_not_fit(tmp_path: Path, damage: str) -> None:
    path = stored(tmp_path) / "weights.safetensors"
    weights = load_file(path)
    if damage == "missing":
        del weights["autoencoder.mean"]
    elif damage == "extra":
        weights["autoencoder.median"] = torch.zeros(4)
    else:
        weights["autoencoder.mean"] = torch.zeros(5)
    save_file(weights, path)
    description = json.loads((path.parent / "part.json").read_text())
    del description["sha256"]  # as earlier versions wrote it
    (path.parent / "part.json").write_text(json.dumps(description))
    with pytest.raises(WeightsError, match=r"video.weights\.safetensors .*'autoencoder\.me"):
        load(tmp_path)


def test_a_vocoder_alone_is_no_codec(tmp_path: Path) -> None:
    from phonofilm.codecs.store import save_part

    save_part(Pictures(), tmp_path / "video")
    save_part(AudioVae(SMALL_SOUND).vocoder, tmp_path / "audio")
    with pytest.raises(WeightsError, match="not a whole codec part"):
        load(tmp_path)

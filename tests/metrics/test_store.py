import json

import pytest
import torch

from phonofilm.errors import WeightsError
from phonofilm.metrics._ruler.ear import Ear
from phonofilm.metrics._ruler.eye import Eye
from phonofilm.metrics._ruler.materials import PictureMaterial, SoundMaterial
from phonofilm.metrics._ruler.store import SHIPPED, fingerprint, load, save, shipped


@pytest.fixture
def folder(tmp_path):
    save(Ear(), tmp_path, {"steps": 0})
    return tmp_path


def test_what_is_saved_comes_back_in_half_precision(tmp_path):
    ear = Ear()
    save(ear, tmp_path, {"steps": 3})
    again = load(Ear, tmp_path)
    for name, value in ear.state_dict().items():
        assert torch.equal(
            again.state_dict()[name], value.half().to(value.dtype) if value.is_floating_point() else value
        )
    assert not again.training
    assert not any(weight.requires_grad for weight in again.parameters())
    assert json.loads((tmp_path / "Ear.json").read_text())["made"] == {"steps": 3}


def test_absent_weights(tmp_path):
    with pytest.raises(WeightsError, match="Ear"):
        load(Ear, tmp_path)


def test_damaged_weights(folder):
    (folder / "Ear.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(WeightsError, match=r"Ear\.safetensors cannot be read .*install"):
        load(Ear, folder)


def test_two_flipped_bytes(folder):
    content = bytearray((folder / "Ear.safetensors").read_bytes())
    content[-2:] = bytes(byte ^ 0x15 for byte in content[-2:])
    (folder / "Ear.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"Ear\.safetensors is damaged"):
        load(Ear, folder)


def test_weights_of_another_version(folder):
    (folder / "Ear.json").write_text('{"version": 99, "kind": "Ear"}')
    with pytest.raises(WeightsError, match="99"):
        load(Ear, folder)


def test_weights_of_another_network(folder):
    (folder / "Eye.json").write_text('{"version": 1, "kind": "Eye"}')
    (folder / "Ear.safetensors").rename(folder / "Eye.safetensors")
    with pytest.raises(WeightsError, match=r"Eye\.safetensors lacks"):
        load(Eye, folder)


def test_the_networks_ship_and_are_small():
    for kind in (Eye, Ear, PictureMaterial, SoundMaterial):
        network = shipped(kind)
        assert sum(weight.numel() for weight in network.parameters()) < 300_000
        assert shipped(kind) is network
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 1_500_000


def test_the_fingerprint_is_that_of_the_networks_and_not_of_texts_beside_them(folder):
    before = fingerprint(folder)
    (folder / "README.md").write_text("how the ear was trained")
    assert fingerprint(folder) == before
    (folder / "Ear.json").write_text((folder / "Ear.json").read_text() + " ")
    assert fingerprint(folder) != before

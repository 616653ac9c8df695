from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from phonofilm.errors import WeightsError
from phonofilm.weights import fill, fingerprint, read, save


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))  # its counter is an integer


@pytest.mark.parametrize("half", [False, True])
def test_what_is_saved_comes_back(tmp_path: Path, half: bool) -> None:
    one, other = network(0), network(1)
    save(one, tmp_path / "a.safetensors", half=half)
    kinds = {name: value.dtype for name, value in load_file(tmp_path / "a.safetensors").items()}
    assert kinds["0.weight"] == (torch.float16 if half else torch.float32)
    assert kinds["1.num_batches_tracked"] == torch.int64
    fill(other, read(tmp_path / "a.safetensors"), tmp_path)
    for name, value in one.state_dict().items():
        found = other.state_dict()[name]
        assert found.dtype == value.dtype
        assert torch.equal(found, value.half().float() if half and value.is_floating_point() else value)


@pytest.mark.parametrize(("value", "half"), [(1e6, True), (float("nan"), False), (float("inf"), False)])
def test_what_cannot_be_stored_is_not(tmp_path: Path, value: float, half: bool) -> None:
    one = network()
    with torch.no_grad():
        one[0].bias[2] = value
    with pytest.raises(WeightsError, match=r"'0\.bias' is not finite"):
        save(one, tmp_path / "a.safetensors", half=half)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda w: w.pop("0.bias"), "lacks '0.bias'"),
        (lambda w: [w.pop("0.bias"), w.pop("0.weight")], "lacks '0.bias' and 1 more"),
        (lambda w: w.update(stranger=torch.zeros(3)), "has the unknown 'stranger'"),
        (lambda w: w.update({"0.bias": torch.zeros(4)}), "has another size of '0.bias'"),
    ],
)
def test_other_weights_are_refused_and_change_nothing(change, complaint: str) -> None:
    one = network()
    before, found = fingerprint(one), dict(network(1).state_dict())
    change(found)
    with pytest.raises(WeightsError, match=complaint):
        fill(one, found, Path("here"))
    assert fingerprint(one) == before


def test_a_file_of_other_bytes_than_were_saved_is_refused_where_its_hash_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    sha256 = save(network(), path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    read(path, sha256)
    content = bytearray(path.read_bytes())
    content[-9] ^= 0x15
    path.write_bytes(content)
    read(path)
    with pytest.raises(WeightsError, match=r"a\.safetensors is damaged .*again"):
        read(path, sha256)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot write .*a\.safetensors"):
        save(network(), tmp_path / "nowhere" / "a.safetensors")


def test_damaged_or_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(WeightsError, match=r"a\.safetensors cannot be read"):
        read(path)
    save(network(), path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"a\.safetensors cannot be read"):
        read(path)


def test_the_fingerprint_is_what_caches_on_disk_were_written_with() -> None:
    one = nn.Linear(2, 1)
    with torch.no_grad():
        one.weight.copy_(torch.tensor([[0.5, -2.0]]))
        one.bias.fill_(3.0)
    written = (
        b"bias (1,) torch.float32\n\x00\x00\x40\x40" + b"weight (1, 2) torch.float32\n\x00\x00\x00\x3f\x00\x00\x00\xc0"
    )
    assert fingerprint(one) == hashlib.sha256(written).hexdigest()


def test_the_fingerprint_sees_every_value_and_no_order() -> None:
    one, again = network(), network()
    assert fingerprint(one) == fingerprint(again)
    again[1].num_batches_tracked.add_(1)
    assert fingerprint(one) != fingerprint(again)

"""Weights of others: what is taken for them, and what is refused."""

from pathlib import Path

import pytest

from phonofilm.errors import WeightsError
from phonofilm.media.digest import sha256
from phonofilm.metrics import Given, kind, names

WEIGHTS = {one.name: one for name in names() for one in kind(name).weights}
WITHOUT_CHECKSUM = {
    # their authors state none, and copies of them are no proof
    "i3d-400",
    "i3d-torchscript",
    "videomae-g-ssv2",
    # training checkpoints and their bare weights are both taken
    "synchformer",
    # folders, as hubs hand them out
    "clap",
    "clip",
    "clip-tokenizer",
    "languagebind-audio",
    "languagebind-video",
}


def test_weights_without_a_checksum_are_few_and_known():
    assert {name for name, one in WEIGHTS.items() if not one.sha256} == WITHOUT_CHECKSUM & set(WEIGHTS)


def test_weights_without_a_checksum_say_so_beside_their_licence():
    assert {name for name, one in WEIGHTS.items() if "no checksum is known" in one.terms} == WITHOUT_CHECKSUM & set(
        WEIGHTS
    )
    assert all(one.terms.startswith(one.licence) for one in WEIGHTS.values())


@pytest.mark.parametrize("name", sorted(set(WEIGHTS) - WITHOUT_CHECKSUM))
def test_another_file_is_refused(name, tmp_path: Path):
    other = tmp_path / "weights"
    other.write_bytes(b"another file")
    mine, theirs = sha256(b"another file")[:12], WEIGHTS[name].sha256[:12]
    with pytest.raises(WeightsError, match=f"is not what was published as {name}: .* {mine}, not {theirs};"):
        Given(weights={name: str(other)}).open(WEIGHTS[name])

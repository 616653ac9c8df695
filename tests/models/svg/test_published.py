"""The coupling at published size: names, shapes and counts, on the meta device."""

from __future__ import annotations

import hashlib

import pytest
import torch

from phonofilm.models.svg.config import SIZES, Coupling, CouplingConfig
from phonofilm.models.svg.net import CouplingLayers


def published(**coupling) -> CouplingLayers:
    with torch.device("meta"):
        return CouplingLayers(SIZES["paper"].model_copy(update={"coupling": CouplingConfig(**coupling)}))


def fingerprint(module: torch.nn.Module) -> str:
    rows = (f"{name} {'x'.join(map(str, value.shape))}" for name, value in module.state_dict().items())
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


@pytest.mark.parametrize(
    ("kind", "tensors", "parameters", "manifest"),
    [
        (Coupling.CMC_PE, 354, 467_744_079, "47f6ad9aecceed7143d11c2fa33a86b62c6473e8cb7959bbd59386a89e9e62a6"),
        (
            Coupling.CROSS_ATTENTION,
            306,
            323_687_759,
            "7757e83501bc24a7c21d20d49143e3a95eb933d4e73fa940ba70950a7fa1daeb",
        ),
    ],
)
def test_the_published_tensors(kind, tensors, parameters, manifest):
    layers = published(kind=kind)
    assert len(layers.state_dict()) == tensors
    assert sum(value.numel() for value in layers.parameters()) == parameters
    assert fingerprint(layers) == manifest


def test_the_published_preset_is_the_fingerprinted_one():
    assert SIZES["paper"].coupling == CouplingConfig()


def test_parts_have_the_published_sizes():
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in published().named_children()}
    assert sizes == {
        "connector_in_video": 222_986_240,
        "connector_in_audio": 123_420_672,
        "connector_out_video": 100_299_695,
        "connector_out_audio": 21_037_472,
    }


def test_without_self_conditioning():
    assert sum(p.numel() for p in published(self_conditioning=False).parameters()) == 467_731_407

"""Checks of a model family: what pipelines and training rely on, whatever the network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from phonofilm.models import Family
from phonofilm.models._family import FamilyNetwork
from phonofilm.pair import AV

# Coprime, so that swapped axes cannot hide and no stride fits.
SIZES = AV((5, 7, 11), (13, 9))
BATCH, TOKENS = 2, 3


def check_family(family: Family) -> None:
    """Every size can be described and built; the smallest keeps the network contract.

    Raises:
        AssertionError: with what is wrong.
    """
    networks = {}
    for size, preset in family.presets.items():
        again = family.config.model_validate_json(preset.config.model_dump_json())
        assert again == preset.config, f"the config of {size} does not survive JSON"
        with torch.device("meta"):
            networks[size] = family.build(preset.config)
    smallest = min(networks, key=lambda size: sum(p.numel() for p in networks[size].parameters()))
    torch.manual_seed(0)
    network = family.build(family.presets[smallest].config).eval()
    with torch.no_grad():
        _start(network)
        _check_predictions(network)
    _check_stages(network)


def _check_predictions(network: FamilyNetwork) -> None:
    x, t, cond = _inputs(network)
    whole = _predict(network, x, t, cond)
    assert whole.map(lambda y: y.shape) == x.map(lambda y: y.shape), "predictions do not have the latents' sizes"
    again = _predict(network, x, t, cond)
    assert whole.map(torch.equal, again) == AV(True, True), "the same inputs give two predictions"
    for index in range(BATCH):
        alone = _predict(network, *(_one(pair, index) for pair in (x, t, cond)))
        near = alone.map(lambda a, b: torch.allclose(a, b, rtol=1e-3, atol=1e-4), _one(whole, index))
        assert near == AV(True, True), "samples of a batch see each other"
    halves: tuple[AV[Any], ...] = (AV(x.video, None), AV(None, x.audio))
    for only in halves:
        sides = _predict(network, only, t, cond)
        assert [y is None for y in sides] == [y is None for y in only], "a modality that is left out is predicted"
    other = _predict(network, x, t, cond.map(torch.neg))
    assert whole.map(torch.equal, other) == AV(False, False), "the text makes no difference"


def _check_stages(network: FamilyNetwork) -> None:
    own = dict(network.named_parameters())
    for stage, sides in (("video", AV(True, False)), ("audio", AV(False, True)), ("joint", AV(True, True))):
        learns = network.trainable(stage)
        assert learns.present(), f"nothing learns in stage {stage}"
        for side, expected in zip(learns, sides, strict=True):
            assert expected or side is None, f"stage {stage} trains the other modality"
            for name, value in (side or {}).items():
                assert own.get(name) is value, f"stage {stage} trains {name!r}, which is no parameter of that name"
        names = [name for side in learns.present() for name in side or {}]
        assert len(names) == len(set(names)), f"stage {stage} lists a parameter twice"


def _predict(network: FamilyNetwork, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor]) -> AV[Tensor]:
    return network(x, t, cond, network.shared(x, t, None))


def _inputs(network: FamilyNetwork) -> tuple[AV[Tensor], AV[Tensor], AV[Tensor]]:
    source = torch.Generator().manual_seed(1)
    x = network.latent_channels.map(lambda count, size: torch.randn(BATCH, count, *size, generator=source), SIZES)
    t = AV(torch.tensor([900.0, 20.0]), torch.tensor([3.0, 640.0]))
    width = network.text_width
    cond = AV(
        torch.randn(BATCH, TOKENS, width.video, generator=source), torch.randn(BATCH, width.audio, generator=source)
    )
    return x, t, cond


def _one(pair: AV[Tensor], index: int) -> AV[Tensor]:
    return pair.map(lambda y: y[index : index + 1])


def _start(network: FamilyNetwork) -> None:
    """Layers that begin at zero would hide faults."""
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)

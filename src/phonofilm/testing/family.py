"""Checks of a model family: what pipelines and training rely on, whatever the network."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from phonofilm import weights
from phonofilm.diffusion.batch import join, repeat, split
from phonofilm.models import Family, FamilyNetwork
from phonofilm.pair import AV

# Coprime, so that swapped axes cannot hide and no stride fits.
SIZES = AV((5, 7, 11), (13, 9))
BATCH, TOKENS = 2, 3


def check_family(family: Family) -> None:
    """Every size can be described and built; the smallest keeps the network contract.

    Checked are the sizes of predictions whatever the latents' sizes, that the same inputs give the same, that samples
    of a batch do not see each other, that a modality may be left out, that the text matters, but not to ``shared``,
    which guidance repeats, what learns in each stage, and that stored weights bring a network back bit for bit.

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
        _check_shared(network)
        _check_predictions(network)
        _check_repeating(network)
        _check_storing(network, family.build(family.presets[smallest].config).eval())
    _check_stages(network)


def _check_predictions(network: FamilyNetwork) -> None:
    x, t, cond = _inputs(network)
    whole = _predict(network, x, t, cond)
    assert whole.map(lambda y: y.shape) == x.map(lambda y: y.shape), "predictions do not have the latents' sizes"
    again = _predict(network, x, t, cond)
    assert whole.map(torch.equal, again) == AV(True, True), "the same inputs give two predictions"
    for index in range(BATCH):
        alone = _predict(network, *(_one(pair, index) for pair in (x, t, cond)))
        near = alone.map(_near, _one(whole, index))
        assert near == AV(True, True), "samples of a batch see each other"
    halves: tuple[AV[Any], ...] = (AV(x.video, None), AV(None, x.audio))
    for only in halves:
        sides = _predict(network, only, t, cond)
        assert [y is None for y in sides] == [y is None for y in only], "a modality that is left out is predicted"
    other = _predict(network, x, t, cond.map(torch.neg))
    assert whole.map(torch.equal, other) == AV(False, False), "the text makes no difference"


def _check_shared(network: FamilyNetwork) -> None:
    """It is never handed the text, but a network could remember it."""
    x, t, cond = _inputs(network)
    shared = network.shared(x, t, None)
    network(x, t, cond, shared)
    again = network.shared(x, t, None)
    same = shared.map(torch.equal, again)
    assert all(same.present()), "what is shared depends on the text that was told before"


def _check_repeating(network: FamilyNetwork) -> None:
    """Guidance computes ``shared`` once and repeats it for a batch of two texts behind each other."""
    x, t, cond = _inputs(network)
    texts = [cond, cond.map(torch.neg)]
    shared = network.shared(x, t, None)
    together = split(network(repeat(x, 2), repeat(t, 2), join(texts), repeat(shared, 2)), 2)
    for text, found in zip(texts, together, strict=True):
        near = network(x, t, text, shared).map(_near, found)
        assert near == AV(True, True), "what is shared cannot be repeated for two texts in one batch"


def _check_storing(network: FamilyNetwork, fresh: FamilyNetwork) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        weights.save(network, path)
        weights.fill(fresh, weights.read(path), path)
    x, t, cond = _inputs(network)
    same = _predict(network, x, t, cond).map(torch.equal, _predict(fresh, x, t, cond))
    assert same == AV(True, True), "a fresh network with the stored weights predicts something else"


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


def _near(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-4)


def _start(network: FamilyNetwork) -> None:
    """Layers that begin at zero would hide faults."""
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)

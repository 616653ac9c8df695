"""Networks from public pipeline folders: ``unet_v``, ``unet_a`` and ``unet_svg`` in the diffusers layout.

This project ships none of those weights; bring your own copy and mind its licences, which loading tells. Pickled
``.bin`` files are the one exception to safetensors in this project: published folders have them, and PyTorch's loader
for plain tensors (``weights_only``) reads them without running what a pickle might hold.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import UNetMotionModel
from torch import Tensor

from phonofilm.errors import LicenceWarning, WeightsError
from phonofilm.models.svg.config import Coupling, CouplingConfig, SVGConfig
from phonofilm.models.svg.hooks import ADAPTED
from phonofilm.models.svg.net import SVG
from phonofilm.pair import AV
from phonofilm.weights import UNFIT, fill, read

UNETS = AV("unet_v", "unet_a")
COUPLING = "unet_svg"
WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
LICENCES = (
    "public weights come under licences of their own: AudioLDM's sound U-Net is for non-commercial use only, Stable "
    "Diffusion's picture layers are under CreativeML Open RAIL-M (use-based restrictions), AnimateDiff's motion layers "
    "under Apache-2.0, and the published coupling states no licence: see those of your copy before you use or share "
    "what comes of it"
)
KINDS = {"additive": Coupling.CMC_PE, "attn": Coupling.CROSS_ATTENTION}


def from_public_pipe(folder: str | Path) -> SVG:
    """The network of a pipeline folder, in float32: the network alone, without autoencoders and text encoders.

    :func:`phonofilm.models.assemble` makes a model of it with a codec and a text encoder of one's own.

    Args:
        folder: holds ``unet_v``, ``unet_a`` and ``unet_svg``, each with ``config.json`` and weights.

    Warns:
        LicenceWarning: with the licences of the published weights.

    Raises:
        WeightsError: if a file is missing or damaged, a setting is one that this network does not have, or
            weights do not match their config exactly.
    """
    folder = Path(folder)
    unets = UNETS.map(lambda name: _json(folder / name))
    arguments = unets.map(_arguments, AV(UNetMotionModel, UNet2DConditionModel), UNETS)
    coupling = _coupling(_json(folder / COUPLING), folder / COUPLING)
    try:
        network = SVG(SVGConfig(video_unet=arguments.video, audio_unet=arguments.audio, coupling=coupling))
    except UNFIT as error:  # a ValidationError is a ValueError
        raise WeightsError(f"{folder} describes no svg network ({error}): copy it again") from error
    network.unets.map(lambda unet, name: fill(unet, *_weights(folder / name)), UNETS)
    if network.coupling is not None:
        fill(network.coupling, *_weights(folder / COUPLING))
    warnings.warn(LICENCES, LicenceWarning, stacklevel=2)
    return network.eval()


def _coupling(row: Mapping[str, Any], folder: Path) -> CouplingConfig:
    """The coupling that ``unet_svg/config.json`` describes: each side's settings, then those of both."""
    sides = AV("video", "audio").map(lambda side: {**row, **row.get(f"connector_{side}_config", {})})
    unets = AV("video", "audio").map(lambda side: row.get(f"unet_{side}_config", {}))
    kind = _agreed(sides, "connector_in_type", folder, "attn")
    levels = unets.map(lambda unet: len(unet.get("block_out_channels", ())))
    for enabled, count in zip(sides.map(lambda side: side.get("with_connector")), levels, strict=True):
        if enabled is not None and enabled != [False] * (count - ADAPTED) + [True] * ADAPTED:
            raise WeightsError(f"{folder} has adapters on the levels {enabled}: only the last {ADAPTED} can be read")
    if kind not in KINDS:
        raise WeightsError(f"{folder} has adapters of kind {kind!r}: only {', '.join(KINDS)} can be read")
    head = unets.map(lambda unet: unet.get("attention_head_dim"))
    if not all(isinstance(width, int) for width in head):
        # The shapes of the weights do not tell the head width, so a guess would go unnoticed.
        raise WeightsError(f"{folder}/config.json gives no single attention_head_dim for each U-Net, but {head}")
    return CouplingConfig(
        kind=KINDS[kind],
        width=_agreed(sides, "connector_channel", folder, 1280),
        multipliers=tuple(_agreed(sides, "channel_mult_connector", folder, [2, 4])),
        head=head,
        groups=32,
        self_conditioning=_agreed(sides, "connector_out_input", folder, "x_pred") == "x_pred",
    )


def _agreed(sides: AV[dict[str, Any]], key: str, folder: Path, default: Any) -> Any:
    """A setting that both sides must have alike."""
    values = sides.map(lambda side: side.get(key, default))
    if values.video != values.audio:
        raise WeightsError(f"{folder} has {key} {values.video} for video and {values.audio} for audio: they must agree")
    return values.video


def _arguments(row: Mapping[str, Any], unet: type, name: str) -> dict[str, Any]:
    """Constructor arguments of a diffusers config; its own bookkeeping begins with an underscore."""
    settings = {key: value for key, value in row.items() if not key.startswith("_")}
    strange = sorted(settings.keys() - inspect.signature(unet.__init__).parameters.keys())
    if strange:
        raise WeightsError(f"{name}/config.json has the setting {strange[0]!r}, which {unet.__name__} does not know")
    return settings


def _json(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder} has no readable config.json ({error}): give a whole pipeline folder") from error


def _weights(folder: Path) -> tuple[dict[str, Tensor], Path]:
    """The weights of a part and where they came from."""
    path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise WeightsError(f"{folder} has neither {WEIGHTS[0]} nor {WEIGHTS[1]}: give a whole pipeline folder")
    if path.suffix == ".safetensors":
        return read(path), path
    try:
        return torch.load(path, map_location="cpu", weights_only=True), path
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise WeightsError(f"{path} cannot be read as plain weights ({error}): copy it again") from error

"""The ruler's networks on disk: safetensors in half precision and a JSON file that says what they are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from phonofilm.errors import WeightsError

VERSION = 1
SHIPPED = Path(__file__).parent / "weights"

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def save(network: nn.Module, folder: Path, made: dict[str, Any]) -> None:
    """Write a network below ``folder`` under its class's name.

    Args:
        network: weights are stored as float16.
        folder: made if absent.
        made: how it was trained; kept for the reader.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = type(network).__name__
    weights = {
        key: (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in network.state_dict().items()
    }
    save_file(weights, folder / f"{name}.safetensors")
    description = {"version": VERSION, "kind": name, "made": made}
    (folder / f"{name}.json").write_text(json.dumps(description, indent=1) + "\n")


def load(kind: type[NetworkT], folder: Path) -> NetworkT:
    """A network of class ``kind`` in float32 and evaluation mode, its weights frozen.

    Raises:
        WeightsError: if files are missing or damaged, of another version, or do not fit the class.
    """
    description, path = folder / f"{kind.__name__}.json", folder / f"{kind.__name__}.safetensors"
    try:
        stated = json.loads(description.read_text())
        version, name = stated["version"], stated["kind"]
        weights = load_file(path)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise WeightsError(
            f"the ruler's {kind.__name__} in {folder} cannot be read ({error!r}): reinstall it"
        ) from error
    if (version, name) != (VERSION, kind.__name__):
        raise WeightsError(
            f"{description} is a {name} of version {version}, not a {kind.__name__} of version {VERSION}"
        )
    network = kind()
    own = network.state_dict()
    if own.keys() != weights.keys() or any(own[key].shape != weights[key].shape for key in own):
        raise WeightsError(f"the weights in {path} do not fit {kind.__name__}: both files must come from the same save")
    network.load_state_dict({key: value.to(own[key].dtype) for key, value in weights.items()})
    return network.eval().requires_grad_(False)


def shipped(kind: type[NetworkT]) -> NetworkT:
    """The network that comes with the package, loaded once."""
    return cast(NetworkT, _loaded(kind))


@cache
def _loaded(kind: type[nn.Module]) -> nn.Module:
    return load(kind, SHIPPED)

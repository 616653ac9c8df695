"""The ruler's networks on disk: safetensors in half precision and a JSON file that says what they are."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from torch import nn

from phonofilm import weights
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

    Raises:
        WeightsError: if a weight is not finite, or is too large for float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = type(network).__name__
    sha256 = weights.save(network, folder / f"{name}.safetensors", half=True)
    description = {"version": VERSION, "kind": name, "made": made, "sha256": sha256}
    (folder / f"{name}.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def load(kind: type[NetworkT], folder: Path) -> NetworkT:
    """A network of class ``kind`` in float32 and evaluation mode, its weights frozen.

    A description without ``sha256``, of an earlier version, leaves the weights unchecked.

    Raises:
        WeightsError: if files are missing or damaged, of another version, or do not fit the class.
    """
    description, path = folder / f"{kind.__name__}.json", folder / f"{kind.__name__}.safetensors"
    try:
        stated = json.loads(description.read_text(encoding="utf-8"))
        version, name = stated["version"], stated["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"the ruler's {kind.__name__} in {folder} cannot be read ({error!r}): reinstall it"
        ) from error
    if (version, name) != (VERSION, kind.__name__):
        raise WeightsError(
            f"{description} is a {name} of version {version}, not a {kind.__name__} of version {VERSION}"
        )
    network = kind()
    weights.fill(network, weights.read(path, stated.get("sha256")), path)
    return network.eval().requires_grad_(False)


def fingerprint(folder: Path = SHIPPED) -> str:
    """SHA-256 of the ruler's networks, those that ship unless told otherwise; texts beside them do not count."""
    files = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors")):
        files.update(path.name.encode() + b"\n" + path.read_bytes())
    return files.hexdigest()


@cache
def ruler() -> str:
    """A short name of the networks that ship, for the ids of what they read and the records of what they score."""
    return f"ruler-{fingerprint()[:12]}"


def shipped(kind: type[NetworkT]) -> NetworkT:
    """The network that comes with the package, loaded once."""
    return cast(NetworkT, _loaded(kind))


@cache
def _loaded(kind: type[nn.Module]) -> nn.Module:
    return load(kind, SHIPPED)

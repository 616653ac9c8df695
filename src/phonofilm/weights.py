"""Weights of any network: stored as safetensors, given back strictly, known by hashes. Nothing here is unpickled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from phonofilm.errors import WeightsError
from phonofilm.media.digest import file_sha256

UNFIT = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What constructors of networks, ours and others', raise for sizes that no network can have."""


def save(module: nn.Module, path: Path, *, half: bool = False) -> str:
    """Write a module's state.

    Args:
        module: parameters and persistent buffers are stored.
        path: a ``.safetensors`` file.
        half: store floating-point values as float16.

    Returns:
        SHA-256 of the file, for :func:`read`.

    Raises:
        WeightsError: if a value is not finite, or is too large for float16, or the disk is full.
    """
    stored = {
        name: (value.half() if half and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }
    for name, value in stored.items():
        if not bool(torch.isfinite(value).all()):
            raise WeightsError(f"weight {name!r} is not finite{' in float16' if half else ''}: it was not saved")
    return write(stored, path)


def write(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> str:
    """Write a safetensors file, readable for whoever the umask lets (the library's own writer keeps it to the owner).

    Returns:
        SHA-256 of the file.

    Raises:
        WeightsError: if it cannot be written.
    """
    content = to_bytes(dict(tensors), metadata)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WeightsError(f"cannot write {path} ({error.strerror}): make room or choose another folder") from error
    return hashlib.sha256(content).hexdigest()


def read(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Args:
        path: of the file.
        sha256: of the file as it was written; ``None`` (folders of earlier versions do not say) is not checked.

    Raises:
        WeightsError: if it is missing or damaged.
    """
    try:
        found = load_file(path)
        changed = sha256 is not None and file_sha256(path) != sha256
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be read as weights ({error}): copy, install or train it again") from error
    if changed:
        raise WeightsError(
            f"{path} is damaged or of another save (its bytes are not those on record): copy, install or train it again"
        )
    return found


def fill(module: nn.Module, found: dict[str, Tensor], source: Path) -> None:
    """Give a module all its weights, in its own precision.

    Args:
        module: changed in place.
        found: its state.
        source: where that came from, for the error.

    Raises:
        WeightsError: unless names and shapes match exactly.
    """
    own = module.state_dict()
    missing, foreign = sorted(own.keys() - found.keys()), sorted(found.keys() - own.keys())
    reshaped = sorted(name for name in own.keys() & found.keys() if own[name].shape != found[name].shape)
    for names, complaint in ((missing, "lacks"), (foreign, "has the unknown"), (reshaped, "has another size of")):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{source} {complaint} {names[0]!r}{more}: weights and description must come from the same save"
            )
    module.load_state_dict({name: value.to(own[name].dtype) for name, value in found.items()})


def fingerprint(module: nn.Module) -> str:
    """SHA-256 of a module's state: names, shapes and values."""
    digest = hashlib.sha256()
    for piece in content(module):
        digest.update(piece)
    return digest.hexdigest()


def content(module: nn.Module, before: str = "") -> Iterator[bytes]:
    """What a hash of a module's state is taken of, in the order of its names; ``before`` stands before each name."""
    for name, value in sorted(module.state_dict().items()):
        yield f"{before}{name} {tuple(value.shape)} {value.dtype}\n".encode()
        yield value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()

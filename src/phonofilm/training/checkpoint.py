"""Checkpoints: whole or absent, and enough to continue bit for bit.

A checkpoint is a folder ``step-00001234`` of safetensors files and one ``state.json``. It is written under a
temporary name, synced and renamed, so that a run killed at any moment leaves only whole ones. Randomness is a
function of (seed, rank, step), so no generator state is needed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from phonofilm.errors import SettingError, WeightsError
from phonofilm.media.atomic import replace_folder
from phonofilm.training.ema import Average
from phonofilm.weights import write

VERSION = 1
PARTIAL = ".partial-"
FOLDER = "checkpoints"
"""Of a run's checkpoints, in its own folder."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come: the next step to take, and seconds spent on the steps before it."""

    step: int
    seconds: float


def save(
    folder: Path,
    trained: Mapping[str, Tensor],
    average: Average,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write one checkpoint below ``folder``; an older one of the same step is replaced.

    Args:
        folder: of all checkpoints of the run.
        trained, average, optimizer, progress: what :func:`load` gives back.
        settings: of the run, as plain values, for :func:`check_settings`.

    Raises:
        WeightsError: if the weights cannot be written.
        OSError: if the rest cannot.
    """
    final = folder / f"step-{progress.step:08d}"
    partial = folder / f"{PARTIAL}{final.name}"
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed while it wrote
    partial.mkdir(parents=True)
    write(_own(trained), partial / "trained.safetensors")
    write(_own(average.weights), partial / "average.safetensors")
    write(_flat(optimizer), partial / "optimizer.safetensors")
    state = {"version": VERSION, "step": progress.step, "seconds": progress.seconds, "updates": average.updates}
    if settings is not None:
        state["settings"] = dict(settings)
    (partial / "state.json").write_text(json.dumps(state), encoding="utf-8")
    for path in (*partial.iterdir(), partial):
        _sync(path)
    replace_folder(final, partial)
    _sync(folder)
    return final


def newest(folder: Path) -> Path | None:
    """The newest whole checkpoint below ``folder``, if any."""
    found = sorted(path for path in folder.glob("step-*") if (path / "state.json").exists())
    return found[-1] if found else None


def standing(folder: Path) -> str:
    """What a run that stops now leaves below ``folder``, in words."""
    found = newest(folder)
    if found is None:
        return "stopped before its first checkpoint: it will begin anew"
    return f"stopped; its checkpoint is at step {int(found.name.removeprefix('step-'))}"


def prune(folder: Path, keep: int, spare: set[Path]) -> None:
    """Delete all but the newest ``keep`` checkpoints and those to spare, and what killed runs left."""
    for old in sorted(folder.glob("step-*"))[:-keep]:
        if old not in spare:
            shutil.rmtree(old)
    for rest in (*folder.glob(f"{PARTIAL}*"), *folder.glob(".step-*.old")):
        shutil.rmtree(rest)


@torch.no_grad()
def load(path: Path, trained: Mapping[str, Tensor], average: Average, optimizer: torch.optim.Optimizer) -> Progress:
    """Read a checkpoint into a run; the inverse of :func:`save`.

    Raises:
        WeightsError: if it is damaged, of another version, or of a run with other trained parameters.
    """
    state = _state(path)
    for stored, live in ((_tensors(path / "trained.safetensors"), trained),
                         (_tensors(path / "average.safetensors"), average.weights)):  # fmt: skip
        if stored.keys() != live.keys() or any(stored[name].shape != live[name].shape for name in stored):
            raise WeightsError(f"{path} was written by a run that trains other parameters; choose another out folder")
        for name, value in stored.items():
            live[name].copy_(value)
    average.updates = state["updates"]
    _unflatten(_tensors(path / "optimizer.safetensors"), optimizer)
    return Progress(state["step"], state["seconds"])


def check_settings(path: Path, settings: Mapping[str, Any], free: Collection[str]) -> None:
    """Refuse to continue a run with other settings than it was begun with: the result would be neither run's.

    A checkpoint that was written without settings is taken, and so is a setting that it does not know.

    Args:
        path: the checkpoint.
        settings: of the run that wants to continue from it, as plain values.
        free: names of settings that may differ.

    Raises:
        SettingError: naming the first setting that differs.
        WeightsError: if the checkpoint is damaged.
    """
    begun = _state(path).get("settings", {})
    for name in sorted(begun.keys() & settings.keys() - set(free)):
        before, now = begun[name], settings[name]
        if before != now and not _same_path(before, now):
            raise SettingError(
                f"{path.parent.parent} was begun with {name}={before}, not {name}={now}: "
                "give the same settings to continue it, or choose another out folder"
            )


def average_weights(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, by parameter name.

    Raises:
        WeightsError: if the checkpoint is damaged or of another version.
    """
    _state(path)
    return _tensors(path / "average.safetensors")


def _state(path: Path) -> dict[str, Any]:
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        version, *_ = (state[name] for name in ("version", "step", "seconds", "updates"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"checkpoint {path} is damaged ({error}); delete it to resume from an older one") from error
    if version != VERSION:
        raise WeightsError(f"checkpoint {path} has version {version}, this Phonofilm reads {VERSION}")
    return state


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises its own type and OSError alike
        raise WeightsError(f"{path} is damaged ({error}); delete its folder to resume from an older one") from error


def _same_path(before: Any, now: Any) -> bool:
    """Whether two texts name one existing file or folder."""
    if not (isinstance(before, str) and isinstance(now, str)):
        return False
    first, second = Path(before), Path(now)
    return second.exists() and first.resolve() == second.resolve()


def _own(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def _flat(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Optimiser state as one flat dictionary of tensors: ``index.key``."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{key}": value.detach().cpu().contiguous()
        for index, entry in state.items()
        for key, value in entry.items()
    }


def _unflatten(flat: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in flat.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _sync(path: Path) -> None:
    """Ask the system to put a file or folder on the disk, so that a rename never outruns its data."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Where a pipeline runs."""

from __future__ import annotations

import torch

from phonofilm.errors import SettingError, unknown_name

CPU = torch.device("cpu")
KNOWN = ("auto", "cpu", "cuda")


def pick(name: str) -> torch.device:
    """The device of that name: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU where there is one.

    Raises:
        SettingError: for an unknown name, or a GPU that is not there.
    """
    kind, _, number = name.partition(":")
    if kind not in KNOWN or (":" in name and not (kind == "cuda" and number.isdecimal())):
        raise unknown_name("device", name, KNOWN)
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cpu" or (kind == "auto" and not gpus):
        return CPU
    if gpus <= int(number or 0):
        raise SettingError(f"there is no CUDA device{number and f' {number}'} here: choose --device cpu")
    return torch.device("cuda" if kind == "auto" else name)

"""What all frozen networks of others have in common: weights by path, loaded once a process, strict about both."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary
from zipfile import BadZipFile

import torch
from torch import Tensor

from phonofilm import weights
from phonofilm.errors import WeightsError
from phonofilm.metrics._given import Given, Opened, Published
from phonofilm.metrics._score import About
from phonofilm.metrics._subject import Arrays, Subject

_loaded: WeakValueDictionary[Any, Any] = WeakValueDictionary()
"""Networks that some extractor of this process holds."""


class Extractor(ABC):
    """A reading that a published network makes.

    The network is loaded when the first clip comes, by each process for itself; what is handed to a helping process
    is the place of its weights.

    Attributes:
        published: the weights it needs.
        version: grows whenever the same clip and weights would give other values.
        resampler: how sound gets to the network's rate; "" for a picture's network.
        settings: all else that decides the values, for its id; "" where nothing can be chosen.
    """

    published: ClassVar[Published]
    version: ClassVar[int] = 1
    resampler: ClassVar[str] = ""
    settings: str = ""

    def __init__(self, given: Given) -> None:
        self.opened: Opened = given.open(self.published)
        self.device = torch.device(given.device)

    @property
    def id(self) -> str:
        """See :class:`phonofilm.metrics.Reading`."""
        kind = type(self).__name__.lower()
        return "-".join(filter(None, (f"{kind}@{self.version}", self.settings, self.opened.id)))

    @property
    def about(self) -> About:
        """For the scores made with it."""
        return About(self.opened.id, self.resampler)

    @abstractmethod
    def load(self) -> Any:
        """The network with its weights, on the device, frozen.

        Raises:
            WeightsError: if the file is no such weights.
        """

    @abstractmethod
    def read(self, subject: Subject) -> Arrays:
        """The arrays of one clip.

        Raises:
            MediaError: if the clip cannot be read so.
        """

    @cached_property
    def network(self) -> Any:
        """The network, loaded once for all extractors of this process that load the same weights in the same way."""
        key = (type(self).load, self.opened, self.device)
        found = _loaded.get(key)
        if found is None:
            found = _loaded[key] = self.load()
        return found

    @torch.no_grad()
    def __call__(self, subject: Subject) -> Arrays:
        """See :meth:`read`."""
        return self.read(subject)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "network"}


def checkpoint(path: Path) -> dict[str, Any]:
    """What a ``.safetensors`` file or a checkpoint of torch holds; nothing but tensors and plain values is unpickled.

    Raises:
        WeightsError: if it is damaged, or holds anything else.
    """
    if path.suffix == ".safetensors":
        return dict(weights.read(path))
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError, BadZipFile) as error:
        raise WeightsError(f"{path} cannot be read as a checkpoint ({error}): get it anew") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{path} holds a {type(found).__name__}, not named weights: get it anew")
    return found


def tensors(found: Any, path: Path, *inside: str, before: str = "") -> dict[str, Tensor]:
    """The tensors of a state dictionary by their names.

    Args:
        found: what :func:`checkpoint` gave.
        path: for the error.
        inside: keys that lead to the state.
        before: only names that begin so, and without it.

    Raises:
        WeightsError: if there is nothing there.
    """
    for key in inside:
        found = found.get(key) if isinstance(found, dict) else None
    state = {
        name.removeprefix(before): value
        for name, value in (found if isinstance(found, dict) else {}).items()
        if isinstance(value, Tensor) and name.startswith(before)
    }
    if not state:
        raise WeightsError(f"{path} has no weights under {'.'.join((*inside, before))!r}: it is another network's file")
    return state


def frozen(network: torch.nn.Module, state: dict[str, Tensor], path: Path, device: torch.device) -> torch.nn.Module:
    """The network with exactly these weights, in evaluation mode.

    Raises:
        WeightsError: unless names and shapes match.
    """
    weights.fill(network, state, path)
    return network.eval().requires_grad_(False).to(device)

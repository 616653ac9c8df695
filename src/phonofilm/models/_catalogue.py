"""How model families are found and models are made.

A family is a subpackage of :mod:`phonofilm.models` with a :class:`Family` called ``FAMILY``; there is no list
to edit. Its shipped weights lie in ``<family>/weights/<size>``; a model's name is ``<family>-<size>``.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from pydantic import BaseModel

from phonofilm.codecs.base import Codec
from phonofilm.conditioning.text import TextEncoder
from phonofilm.errors import SettingError, WeightsError, unknown_name
from phonofilm.models._family import Family, FamilyNetwork, Model


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue.

    Attributes:
        name: ``family-size``.
        family: of it.
        size: of it.
        folder: its weights, or ``None`` where none ship.
    """

    name: str
    family: Family
    size: str
    folder: Path | None

    @property
    def parameters(self) -> int:
        """Parameters of the network."""
        with torch.device("meta"):
            network = self.family.build(self.family.presets[self.size].config)
        return sum(parameter.numel() for parameter in network.parameters())


@cache
def families() -> dict[str, Family]:
    """All families by name.

    Raises:
        SettingError: for a folder of models that is no family.
    """
    package = importlib.import_module("phonofilm.models")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    return {name: _declared(name) for name in sorted(names)}


def _declared(name: str) -> Family:
    found = getattr(importlib.import_module(f"phonofilm.models.{name}"), "FAMILY", None)
    if not isinstance(found, Family) or found.name != name:
        raise SettingError(
            f"phonofilm/models/{name} is not a model family: its __init__.py must set FAMILY = Family(name={name!r}, "
            "...), as docs/add-a-model.md says; or take the folder away"
        )
    return found


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        SettingError: if there is none; the nearest name is offered.
    """
    if name not in families():
        raise unknown_name("model family", name, families())
    return families()[name]


def catalogue() -> dict[str, Entry]:
    """Every size of every family, by name."""
    entries = {}
    for one in families().values():
        for size in one.presets:
            folder = one.weights(size)
            name = f"{one.name}-{size}"
            entries[name] = Entry(name, one, size, folder if (folder / "model.json").is_file() else None)
    return entries


def entry(name: str) -> Entry:
    """The catalogue's line of that name.

    Raises:
        SettingError: if there is none; the nearest name is offered.
    """
    known = catalogue()
    if name not in known:
        raise SettingError(f"{unknown_name('model', name, known)}; a folder that training wrote is a model too")
    return known[name]


def shipped(name: str) -> Path:
    """The folder of a model that ships.

    Raises:
        SettingError: for an unknown name.
        WeightsError: for a size without weights.
    """
    folder = entry(name).folder
    if folder is None:
        at_hand = sorted(known.name for known in catalogue().values() if known.folder)
        raise WeightsError(
            f"no weights of {name} ship: give the folder of a model that you trained or converted"
            + (f", or one of {', '.join(at_hand)}" if at_hand else "")
        )
    return folder


def create(name: str, codec: Codec, text: TextEncoder, *, seed: int = 0, config: BaseModel | None = None) -> Model:
    """A model with fresh weights.

    Args:
        name: family and size.
        codec, text: trained elsewhere, or fresh.
        seed: of the weights.
        config: instead of the preset's.

    Raises:
        SettingError: for an unknown name or a config of another family.
        WeightsError: if codec or text encoder do not fit.
    """
    found = entry(name)
    config = config or found.family.presets[found.size].config
    _check_config(found, config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = found.family.build(config)
    return assemble(name, config, network, codec, text)


def assemble(name: str, config: BaseModel, network: FamilyNetwork, codec: Codec, text: TextEncoder) -> Model:
    """A model of a network that is there already; schedule, shape and sampling defaults are the preset's.

    Args:
        name: family and size.
        config: what the network was built from.
        network: with its weights.
        codec, text: trained elsewhere, or fresh.

    Raises:
        SettingError: for an unknown name or a config of another family.
        WeightsError: if codec or text encoder do not fit.
    """
    found = entry(name)
    _check_config(found, config)
    preset = found.family.presets[found.size]
    return Model(
        found.family.name,
        found.size,
        config,
        network.eval(),
        codec,
        text,
        preset.schedule,
        preset.parameterization,
        preset.shape,
        preset.defaults,
    )


def _check_config(found: Entry, config: BaseModel) -> None:
    if not isinstance(config, found.family.config):
        raise SettingError(f"{found.name} takes a {found.family.config.__name__}, not a {type(config).__name__}")

"""Codecs on disk: one self-describing folder per part, loaded strictly.

A part's folder holds ``part.json`` ``{version, kind, config, sha256}`` and ``weights.safetensors``; a codec's folder
holds the part folders ``video`` and ``audio``. ``sha256`` is that of the weights' file (where it is missing, as in
folders of earlier versions, it is not checked). ``kind`` is ``module.Class`` inside :mod:`phonofilm.codecs`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from torch import nn

from phonofilm import weights
from phonofilm.codecs.base import AudioCodec, Codec, VideoCodec
from phonofilm.errors import WeightsError, unknown_name
from phonofilm.pair import AV

VERSION = 1
FOLDERS = AV("video", "audio")
DESCRIPTION, WEIGHTS = "part.json", "weights.safetensors"

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class Part(nn.Module, Generic[ConfigT]):
    """A network that can be stored: it is rebuilt from its config alone, then given its weights.

    Subclasses set ``Config`` and take one as their only argument.
    """

    Config: ClassVar[type[BaseModel]]
    config: ConfigT

    def __init__(self, config: ConfigT) -> None:
        super().__init__()
        self.config = config

    @property
    def encoder(self) -> nn.Module:
        """Holds every weight that latents depend on: the whole part, unless it says otherwise."""
        return self

    @property
    def kind(self) -> str:
        """The name that :func:`part_class` finds this class by."""
        return f"{type(self).__module__.rpartition('.')[2]}.{type(self).__name__}"


def part_class(kind: str) -> type[Part]:
    """The part class called ``module.Class`` in :mod:`phonofilm.codecs`.

    Raises:
        SettingError: if there is none; the nearest module is offered.
    """
    module_name, _, class_name = kind.partition(".")
    modules = _modules()
    if module_name not in modules:
        raise unknown_name("codec", module_name, modules)
    classes = _classes(module_name)
    if class_name not in classes:
        raise unknown_name(f"part of codec {module_name}", class_name, classes)
    return classes[class_name]


def kinds() -> tuple[str, ...]:
    """The names of all parts, as :func:`part_class` takes them: whole sides of a codec and what those are made of."""
    return tuple(f"{module}.{name}" for module in _modules() for name in sorted(_classes(module)))


def _modules() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module("phonofilm.codecs").__path__))


def _classes(module_name: str) -> dict[str, type[Part]]:
    """The parts that a module defines itself, by name."""
    module = importlib.import_module(f"phonofilm.codecs.{module_name}")
    classes = {name: value for name, value in vars(module).items() if isinstance(value, type) and value is not Part}
    return {name: cls for name, cls in classes.items() if issubclass(cls, Part) and cls.__module__ == module.__name__}


def build(kind: str, config: dict[str, Any]) -> Part:
    """A part with fresh weights.

    Raises:
        SettingError: for an unknown kind.
        WeightsError: if the config does not fit the kind.
    """
    cls = part_class(kind)
    try:
        return cls(cls.Config.model_validate(config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise WeightsError(f"config of codec part {kind} is not valid at {place}: {first['msg']}") from error
    except weights.UNFIT as error:
        raise WeightsError(f"config of codec part {kind} makes no part ({error}): copy its folder again") from error


def save_part(part: Part, folder: Path, *, half: bool = False) -> None:
    """Write one part; ``half`` stores its floating-point weights as float16.

    Raises:
        WeightsError: if a weight is not finite, or is too large for float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = weights.save(part, folder / WEIGHTS, half=half)
    config = part.config.model_dump(mode="json")
    description = {"version": VERSION, "kind": part.kind, "config": config, "sha256": sha256}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def load_part(folder: Path) -> Part:
    """Read one part, in float32 and evaluation mode, its weights frozen.

    Raises:
        WeightsError: if files are missing or damaged, of another version, or do not fit each other.
    """
    description = _description(folder)
    part = build(description["kind"], description["config"])
    weights.fill(part, weights.read(folder / WEIGHTS, description.get("sha256")), folder / WEIGHTS)
    return part.eval().requires_grad_(False)


def save(codec: Codec, folder: str | Path, *, half: bool = False) -> None:
    """Write a codec's folder; ``half`` stores weights as float16.

    Raises:
        WeightsError: if a part is not a :class:`Part`.
    """
    for name, part in zip(FOLDERS, (codec.video, codec.audio), strict=True):
        if not isinstance(part, Part):
            raise WeightsError(f"a {type(part).__name__} cannot be stored: make it a phonofilm.codecs.store.Part")
        save_part(part, Path(folder) / name, half=half)


def load(folder: str | Path) -> Codec:
    """Read a codec's folder.

    Raises:
        WeightsError: see :func:`load_part`.
    """
    parts = FOLDERS.map(lambda name: load_part(Path(folder) / name))
    for name, part in zip(FOLDERS, parts, strict=True):
        if not all(hasattr(part, method) for method in ("encode", "decode", "latent_shape")):
            raise WeightsError(f"{Path(folder) / name} holds a {part.kind}, which is not a whole codec part")
    return Codec(cast(VideoCodec, parts.video), cast(AudioCodec, parts.audio))


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        version, kind, _ = (description[key] for key in ("version", "kind", "config"))
        if not isinstance(kind, str):
            raise TypeError(f"kind is {kind!r}, not a name")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder} is not a codec part: {path.name} is missing or damaged ({error!r})") from error
    if version != VERSION:
        raise WeightsError(f"{folder} has codec version {version}, this Phonofilm reads {VERSION}")
    return description

"""Measures beside those of :mod:`phonofilm.data.ingest.measures`: the user's own, and those that need weights.

The user's own is a class in a file or module, named where the recipe names it (``path/to/file.py:Name``):

    class Brightness:
        name, version = "brightness", 1
        gives = ("mean",)
        form = Form(fps=Fraction(8), size=(64, 64))

        def measure(self, clip):
            return {"mean": float(clip.frames.mean())}

``phonofilm`` runs that code and trusts it.

Those that ship are named ``NAME=PATH``, where the path is that of weights, which are the user's, as is the licence to
use them. They lie above this package (:mod:`phonofilm.plugins`), so they are found by name and not imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from phonofilm.data.ingest.measures import Absent, Value
from phonofilm.data.ingest.rows import Row
from phonofilm.errors import MediaError, SettingError, unknown_name
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256

SHIPPED = "phonofilm.plugins"
"""The package of those that ship."""


@dataclass(frozen=True)
class Form:
    """How clips are given to a plug-in; see :func:`phonofilm.media.read.read`.

    Attributes:
        fps: frames a second; ``None``: as they are.
        size: (height, width) of the pictures, which are cut to it; or length of their shorter side, which keeps their
            shape; ``None``: as they are, which takes much memory.
        sample_rate: samples a second; ``None``: as they are.
        channels: of sound, 1 or 2; ``None``: as they are.
        seconds: from the beginning, that are looked at; ``None``: the whole clip.
    """

    fps: Fraction | None = None
    size: tuple[int, int] | int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    seconds: Fraction | None = None

    def size_of(self, height: int, width: int) -> tuple[int, int] | None:
        """``(height, width)`` that pictures of this one get; ``None``: their own."""
        if not isinstance(self.size, int):
            return self.size
        short = min(height, width)
        return self.size * height // short, self.size * width // short


class ClipMeasure(Protocol):
    """What a plug-in offers. It is made once in each process, without arguments, and then given every clip.

    Attributes:
        name: without dots; results are called ``name.result``.
        version: to be raised when it gives other results; a changed file is noticed without.
        gives: names of its results.
        form: how it wants its clips.
        licence: optional: of what it uses, said once when it is chosen.
    """

    name: str
    version: int
    gives: tuple[str, ...]
    form: Form

    def measure(self, clip: Clip) -> Mapping[str, float]:
        """Its results, by name; one that is left out does not exist for this clip.

        Raises:
            MediaError: if the clip cannot be measured.
        """
        ...


class Shipped(Protocol):
    """The class of a plug-in that ships: made of the place of its weights."""

    def __call__(self, weights: str) -> ClipMeasure:
        """One with these weights, which are loaded when it is given its first clip."""
        ...

    def digest(self, weights: str) -> str:
        """SHA-256 of the weights at a place, of which there may be none.

        Raises:
            PhonofilmError: if there are no weights.
        """
        ...


def shipped() -> tuple[str, ...]:
    """The names of the plug-ins that ship."""
    found = pkgutil.iter_modules(importlib.import_module(SHIPPED).__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


class Plugin(Row):
    """Which plug-in exactly.

    Attributes:
        place: ``path/to/file.py:Name`` or ``module:Name``; or ``name=weights`` of one that ships.
        name, version, gives: as it says.
        sha256: of the file that defines it; what that imports is not looked at, and is the version's to tell. Of the
            weights, for one that ships: its code is the version's to tell too.
    """

    place: str
    name: str
    version: int
    gives: tuple[str, ...]
    sha256: str

    @classmethod
    def at(cls, place: str) -> Plugin:
        """The plug-in at a place.

        Raises:
            SettingError: if there is none.
            WeightsError: if there are no weights.
        """
        digest = _digest(place)
        made = _made(place, digest)
        return cls(place=place, name=made.name, version=made.version, gives=made.gives, sha256=digest)

    def load(self) -> ClipMeasure:
        """The plug-in itself, made once in a process.

        Raises:
            SettingError: if it is not there, or not the same any more.
            WeightsError: if its weights are not there.
        """
        if _digest(self.place) != self.sha256:
            raise SettingError(f"{self.place} has changed since it was chosen: run phonofilm prepare score again")
        return _made(self.place, self.sha256)

    @property
    def licence(self) -> str:
        """Of what it uses, in a line; empty if it says nothing."""
        return getattr(self.load(), "licence", "")

    def values(self, clip: Clip) -> dict[str, Value | Absent]:
        """What it measures of a clip, by names that hold its own.

        Raises:
            SettingError: if it gives something else than it says, or numbers that are none.
            WeightsError: if its weights are not what they should be.
        """
        try:
            results = self.load().measure(clip)
        except MediaError as error:
            return {f"{self.name}.{name}": Absent(str(error)) for name in self.gives}
        if unknown := sorted(set(results) - set(self.gives)):
            raise SettingError(f"{self.place} gives {', '.join(unknown)}, which it does not name: add it to gives")
        return {f"{self.name}.{name}": self._checked(name, results.get(name)) for name in self.gives}

    def _checked(self, name: str, value: Any) -> Value | Absent:
        if value is None:
            return Absent(f"{self.name} did not give it")
        if isinstance(value, (bool, int)):
            return value
        if not math.isfinite(number := float(value)):
            raise SettingError(f"{self.place} gives {name} = {value}: leave it out where there is none")
        return number


def _digest(place: str) -> str:
    """Of what decides a plug-in's results: its weights if it ships, its file if not."""
    found = _shipped(place)
    return file_sha256(_file(place)) if found is None else _kind(found[0]).digest(found[1])


def _shipped(place: str) -> tuple[str, str] | None:
    """Name and weights of a plug-in that ships; ``None`` if the place is that of the user's own.

    Raises:
        SettingError: if none of this name ships, offering the nearest.
    """
    name, _, weights = place.partition("=")
    if set(name) & set("./\\:"):
        return None
    if name not in shipped():
        unknown = unknown_name("plug-in", name, shipped())
        raise SettingError(f"{unknown}; for one of your own, write path/to/file.py:Name or module:Name")
    return name, weights


def _kind(name: str) -> Shipped:
    return importlib.import_module(f"{SHIPPED}.{name}").plugin


def _split(place: str) -> tuple[str, str]:
    """File or module, and name in it."""
    where, separator, name = place.rpartition(":")
    if not separator or not where or not name:
        raise SettingError(f"plug-in {place!r} is no place: write path/to/file.py:Name or module:Name")
    return where, name


def _file(place: str) -> Path:
    """The file that defines a plug-in."""
    where, _ = _split(place)
    if where.endswith(".py"):
        path = Path(where)
    else:
        try:
            spec = importlib.util.find_spec(where)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.origin is None:
            raise SettingError(f"plug-in module {where} cannot be found: install it")
        path = Path(spec.origin)
    if not path.is_file():
        raise SettingError(f"plug-in file {path} does not exist: check the name")
    return path


@cache
def _made(place: str, digest: str) -> ClipMeasure:
    """The plug-in at a place whose file, or weights, have that digest."""
    if (found := _shipped(place)) is not None:
        return _kind(found[0])(found[1])
    where, name = _split(place)
    module = _of_file(Path(where), digest) if where.endswith(".py") else importlib.import_module(where)
    if not callable(kind := getattr(module, name, None)):
        raise SettingError(f"{where} has no class or function {name}: check the name")
    made: Any = kind()
    missing = [part for part in ("name", "version", "gives", "form", "measure") if not hasattr(made, part)]
    if missing:
        raise SettingError(f"plug-in {place} lacks {', '.join(missing)}: see phonofilm.data.ingest.plugins")
    if bad := [word for word in (made.name, *made.gives) if not str(word).isidentifier()]:
        raise SettingError(f"plug-in {place} uses the name {bad[0]!r}: use letters, digits and underscores")
    return made


def _of_file(path: Path, digest: str) -> ModuleType:
    name = f"phonofilm_plugin_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module

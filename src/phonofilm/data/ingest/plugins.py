"""Measures of the user's own: a class in a file or module, named where the recipe names it.

    class Brightness:
        name, version = "brightness", 1
        gives = ("mean",)
        form = Form(fps=Fraction(8), size=(64, 64))

        def measure(self, clip):
            return {"mean": float(clip.frames.mean())}

``phonofilm`` runs that code and trusts it. Weights, and the licence to use them, are the user's.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
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
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256


@dataclass(frozen=True)
class Form:
    """How clips are given to a plug-in; see :func:`phonofilm.media.read.read`.

    Attributes:
        fps: frames a second; ``None``: as they are.
        size: (height, width) of the pictures; ``None``: as they are, which takes much memory.
        sample_rate: samples a second; ``None``: as they are.
        channels: of sound, 1 or 2; ``None``: as they are.
    """

    fps: Fraction | None = None
    size: tuple[int, int] | None = None
    sample_rate: int | None = None
    channels: int | None = None


class ClipMeasure(Protocol):
    """What a plug-in offers. It is made once in each process, without arguments, and then given every clip.

    Attributes:
        name: without dots; results are called ``name.result``.
        version: to be raised when it gives other results; a changed file is noticed without.
        gives: names of its results.
        form: how it wants its clips.
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


class Plugin(Row):
    """Which plug-in exactly.

    Attributes:
        place: ``path/to/file.py:Name``, or ``module:Name``.
        name, version, gives: as it says.
        sha256: of the file that defines it; what that imports is not looked at, and is the version's to tell.
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
        """
        digest = file_sha256(_file(place))
        made = _made(place, digest)
        return cls(place=place, name=made.name, version=made.version, gives=made.gives, sha256=digest)

    def load(self) -> ClipMeasure:
        """The plug-in itself, made once in a process.

        Raises:
            SettingError: if it is not there, or not the same any more.
        """
        if file_sha256(_file(self.place)) != self.sha256:
            raise SettingError(f"{self.place} has changed since it was chosen: run phonofilm prepare score again")
        return _made(self.place, self.sha256)

    def values(self, clip: Clip) -> dict[str, Value | Absent]:
        """What it measures of a clip, by names that hold its own.

        Raises:
            SettingError: if it gives something else than it says, or numbers that are none.
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
    """The plug-in at a place whose file has that digest."""
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

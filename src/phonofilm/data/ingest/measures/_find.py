"""Families by name: each module of this package without a leading underscore defines one, as its ``meter``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from phonofilm.data.ingest.measures._meter import Measure, Meter
from phonofilm.errors import unknown_name

_PACKAGE = "phonofilm.data.ingest.measures"


def names() -> tuple[str, ...]:
    """The names of all families."""
    found = (module.name for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def find(name: str) -> type[Meter]:
    """The family called ``name``.

    Raises:
        SettingError: for an unknown name, offering the nearest.
    """
    if name not in names():
        raise unknown_name("family of measures", name, names())
    return importlib.import_module(f"{_PACKAGE}.{name}").meter


def measures(families: Iterable[str] | None = None) -> dict[str, Measure]:
    """The measures of some families, by default of all, by their names.

    Raises:
        SettingError: for an unknown family.
    """
    chosen = names() if families is None else families
    return {measure.name: measure for family in chosen for measure in find(family).gives}

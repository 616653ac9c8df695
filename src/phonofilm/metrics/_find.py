"""Metrics by name: each module of this package without a leading underscore defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any, Protocol

from phonofilm.codecs.base import Codec
from phonofilm.errors import SettingError, unknown_name
from phonofilm.metrics._score import Metric


class _Kind(Protocol):
    """A class of metrics, as its module's ``metric`` names it."""

    needs_codec: bool
    needs_reference: bool
    gives: tuple[str, ...]

    def __call__(self, *codec: Codec) -> Metric[Any]:
        """The metric; with a codec if it needs one."""
        ...


def names() -> tuple[str, ...]:
    """The names of all metrics."""
    package = importlib.import_module("phonofilm.metrics")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def find(name: str, codec: Codec | None = None) -> Metric[Any]:
    """The metric called ``name``.

    Args:
        name: as in :func:`names`.
        codec: for metrics that work on a codec's latents.

    Raises:
        SettingError: for an unknown name, offering the nearest, or if the codec is missing.
    """
    kind = _kind(name)
    if not kind.needs_codec:
        return kind()
    if codec is None:
        raise SettingError(f"{name} works on the latents of a codec: name the model whose codec it shall be")
    return kind(codec)


def _kind(name: str) -> _Kind:
    if name not in names():
        for metric in names():
            if name in _kind(metric).gives:
                raise SettingError(f"{name} is a score of the metric {metric}: name {metric} instead")
        raise unknown_name("metric", name, names())
    return importlib.import_module(f"phonofilm.metrics.{name.replace('-', '_')}").metric


def chosen(wanted: Sequence[str] | None, codec: Codec | None, has_reference: bool) -> list[Metric[Any]]:
    """The metrics asked for; by default all that can be had with the codec and reference there are."""
    if wanted is None:
        kinds = {name: _kind(name) for name in names()}
        wanted = [
            name
            for name, kind in kinds.items()
            if (codec is not None or not kind.needs_codec) and (has_reference or not kind.needs_reference)
        ]
    if not wanted:
        raise SettingError(f"no metric is named: choose some of {', '.join(names())}")
    return [find(name, codec) for name in dict.fromkeys(wanted)]

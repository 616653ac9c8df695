"""Metrics by name: each module of this package without a leading underscore defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any

from phonofilm.codecs.base import Codec
from phonofilm.errors import SettingError, unknown_name
from phonofilm.metrics._score import Metric

LATENTS = "frechet-latents"


def names() -> tuple[str, ...]:
    """The names of all metrics."""
    package = importlib.import_module("phonofilm.metrics")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def find(name: str, codec: Codec | None = None) -> Metric[Any]:
    """The metric called ``name``.

    Args:
        name: as in :func:`names`.
        codec: for the one metric that works on a codec's latents.

    Raises:
        SettingError: for an unknown name, offering the nearest, or if the codec is missing.
    """
    if name not in names():
        raise unknown_name("metric", name, names())
    module = importlib.import_module(f"phonofilm.metrics.{name.replace('-', '_')}")
    if name != LATENTS:
        return module.metric()
    if codec is None:
        raise SettingError(f"{LATENTS} compares the latents of a codec: name the model whose codec it shall be")
    return module.metric(codec)


def chosen(wanted: Sequence[str] | None, codec: Codec | None, has_reference: bool) -> list[Metric[Any]]:
    """The metrics asked for; by default all that can be had with the codec and reference there are."""
    if wanted is None:
        wanted = [name for name in names() if name != LATENTS or (codec is not None and has_reference)]
    if not wanted:
        raise SettingError(f"no metric is named: choose some of {', '.join(names())}")
    return [find(name, codec) for name in dict.fromkeys(wanted)]

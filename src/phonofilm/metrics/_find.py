"""Metrics by name: each module of this package without a leading underscore defines one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Sequence
from typing import Any

from phonofilm.errors import SettingError, unknown_name
from phonofilm.metrics._given import Given
from phonofilm.metrics._score import Metric

NOTHING = Given()


def names() -> tuple[str, ...]:
    """The names of all metrics."""
    package = importlib.import_module("phonofilm.metrics")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def find(name: str, given: Given = NOTHING) -> Metric[Any]:
    """The metric called ``name``.

    Args:
        name: as in :func:`names`.
        given: codec and weights, for metrics that need such.

    Raises:
        SettingError: for an unknown name, offering the nearest, or if what it needs was not given.
        WeightsError: if weights are missing or others than were published.
    """
    return kind(name).of(given)


def kind(name: str) -> type[Metric[Any]]:
    """The class of the metric called ``name``, which tells what it needs and where it comes from.

    Raises:
        SettingError: for an unknown name, offering the nearest; or if its file cannot be loaded.
    """
    if name not in names():
        for metric in names():
            if name in kind(metric).gives:
                raise SettingError(f"{name} is a score of the metric {metric}: name {metric} instead")
        raise unknown_name("metric", name, names())
    module = name.replace("-", "_")
    try:
        return importlib.import_module(f"phonofilm.metrics.{module}").metric
    except Exception as error:  # a file of anybody's: whatever is wrong with it, it is named
        raise SettingError(
            f"the metric {name} cannot be loaded from metrics/{module}.py ({type(error).__name__}: {error}): mend that "
            "file, or take it away"
        ) from error


def kinds(wanted: Sequence[str]) -> dict[str, type[Metric[Any]]]:
    """The class of each of some metrics, by name.

    Raises:
        SettingError: for unknown names, all of them at once.
    """
    check_several(wanted)
    found: dict[str, type[Metric[Any]]] = {}
    wrong: list[SettingError] = []
    for name in dict.fromkeys(wanted):
        try:
            found[name] = kind(name)
        except SettingError as error:
            wrong.append(error)
    if len(wrong) > 1:
        near = (re.split(r"[?:] known: ", str(error))[0] for error in wrong)
        raise SettingError(f"{'; '.join(near)}; see phonofilm score --list")
    if wrong:
        raise wrong[0]
    return found


def check_several(names: Sequence[str]) -> None:
    """Whether names are a list of such, and not the letters of one.

    Raises:
        SettingError: for a single word.
    """
    if isinstance(names, str):
        raise SettingError(f"metrics is the word {names!r}: give a list of names, [{names!r}]")


def check_weights(given: Given) -> None:
    """Whether each of the weights that were given is some metric's.

    Raises:
        SettingError: for an unknown name, offering the nearest.
    """
    if not given.weights:
        return
    known = {one.name for metric in kinds(names()).values() for one in metric.weights}
    for name in given.weights:
        if name not in known:
            raise unknown_name("weights", name, known)


def chosen(
    wanted: Sequence[str] | None, given: Given, has_reference: bool, has_pairs: bool = False
) -> list[Metric[Any]]:
    """The metrics asked for; by default all that can be had with what is given and the reference there is.

    Args:
        wanted: names.
        given: codec and weights.
        has_reference: there are reference clips.
        has_pairs: each clip has one of its own file name.
    """
    if wanted is None:
        wanted = [
            name
            for name, one in kinds(names()).items()
            if (given.codec is not None or not one.needs_codec)
            and given.has(one.weights)
            and (has_reference or not one.needs_reference)
            and (has_pairs or not one.needs_pairs)
        ]
    if not wanted:
        raise SettingError(f"no metric is named: choose some of {', '.join(names())}")
    return [one.of(given) for one in kinds(wanted).values()]  # every name is looked at before any weights are opened

"""What a table of scores does not show: what was left out, what has no value, how intervals were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import PurePath
from typing import Any

from phonofilm.bootstrap import FEW
from phonofilm.parts import parts_from_json

Row = Mapping[str, Any]
"""JSON of a score, or of a report."""
REASONS = 4
"""Reasons that are given at most for films that were left out."""


def remarks(report: Row) -> list[str]:
    """Sentences that belong below a table of scores.

    Args:
        report: what ``phonofilm score`` wrote, in this version or an older one.
    """
    scores = list(report["scores"].values())
    without = ((one["reason"], one["name"]) for one in scores if one["value"] is None)
    bounded = [one for one in scores if one["interval"] is not None]
    made = together((one["method"], one["name"]) for one in bounded)
    few = [one["name"] for one in bounded if one["n"] < FEW]
    unsure = [one for one in scores if one["value"] is not None and one["interval"] is None and one["method"]]
    unmade = together((one["method"].removeprefix("none: "), one["name"]) for one in unsure)
    return [
        *(_some(f"{name} left out", films) for name, films in report.get("refused", {}).items()),
        *(
            _some(f"{name} does not count", films)
            for name, films in report.get("uncounted", {}).items()
            if report["counted"].get(name)  # otherwise it has no value, for that very reason
        ),
        *_idle(report, scores),
        *(f"{one['name']}: {one['note']}" for one in scores if one.get("note")),
        *(f"no value for {', '.join(names)}: {reason}" for reason, names in together(without).items()),
        *(f"95 %{_of(names) if len(made) > 1 else ''}: {method}" for method, names in made.items()),
        *([rough(few, len(bounded))] if few else []),
        *(f"no interval for {', '.join(names)}: {reason}" for reason, names in unmade.items()),
        *report.get("notes", ()),
    ]


def rough(few: list[str], every: int) -> str:
    """A sentence on the scores of few clips, out of so many with intervals."""
    return (
        f"95 %{_of(few) if len(few) < every else ''}: fewer than {FEW} clips count, and intervals of so few are rough"
    )


def skipped(report: Row) -> list[str]:
    """A sentence if films were left out of all scores."""
    return [_some("skipped", report["skipped"])] if report.get("skipped") else []


def told(name: str, reason: str) -> str:
    """A film with the reason for leaving it out, which may name it already."""
    return reason if name in reason else f"{name}: {reason}"


def _some(what: str, films: Mapping[str, str]) -> str:
    """How many films, with one example for each reason."""
    reasons = list(together((_nameless(name, reason), name) for name, reason in films.items()).values())
    named = [(len(names), told(names[0], films[names[0]])) for names in reasons[:REASONS]]
    head = f"{what} {len(films)} film{'s' if len(films) > 1 else ''}"
    if len(reasons) == 1:
        return f"{head}, such as {named[0][1]}"
    rest = sum(map(len, reasons[REASONS:]))
    more = [f"{rest} for other reasons"] if rest else []
    return f"{head}: {'; '.join([*(f'{many} such as {one}' for many, one in named), *more])}"


def _idle(report: Row, scores: Iterable[Row]) -> list[str]:
    """Sentences on films that a metric counts and that add nothing to some of its scores."""
    found: dict[tuple[str, ...], list[str]] = {}
    for one in scores:
        films = report.get("counted", {}).get(one["definition"], ())
        if one["n"] < len(films) and one.get("parts") is not None:
            parts = parts_from_json(one["parts"])
            alone = [parts.of([place]) for place in range(len(films))]
            idle = tuple(film for film, own in zip(films, alone, strict=True) if own is not None and isnan(own.value))
            if idle:
                found.setdefault(idle, []).append(one["name"])
    return [
        f"{', '.join(names)}: nothing to count in {len(films)} film{'s' if films[1:] else ''}, such as {films[0]}"
        for films, names in found.items()
    ]


def _nameless(name: str, reason: str) -> str:
    """The reason without the film's own name."""
    return reason.replace(name, "").replace(PurePath(name).stem, "")


def _of(names: list[str]) -> str:
    return f" of {', '.join(names)}"


def together(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names by the words that they share."""
    found: dict[str, list[str]] = {}
    for words, name in pairs:
        found.setdefault(words, []).append(name)
    return found

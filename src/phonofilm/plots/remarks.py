"""What a table of scores does not show: what was left out, what has no value, how intervals were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
"""JSON of a score, or of a report."""


def remarks(report: Row) -> list[str]:
    """Sentences that belong below a table of scores.

    Args:
        report: what ``phonofilm score`` wrote, in this version or an older one.
    """
    scores = list(report["scores"].values())
    without = ((one["reason"], one["name"]) for one in scores if one["value"] is None)
    made = _together((one["method"], one["name"]) for one in scores if one["interval"] is not None)
    return [
        *(_some(f"{name} left out", films) for name, films in report.get("refused", {}).items()),
        *(
            _some(f"{name} does not count", films)
            for name, films in report.get("uncounted", {}).items()
            if report["counted"].get(name)  # otherwise it has no value, for that very reason
        ),
        *(f"no value for {', '.join(names)}: {reason}" for reason, names in _together(without).items()),
        *(f"95 %{_of(names) if len(made) > 1 else ''}: {method}" for method, names in made.items()),
        *report.get("notes", ()),
    ]


def skipped(report: Row) -> list[str]:
    """A sentence if films were left out of all scores."""
    return [_some("skipped", report["skipped"])] if report.get("skipped") else []


def _some(what: str, films: Mapping[str, str]) -> str:
    name, reason = next(iter(films.items()))
    said = reason if name in reason else f"{name}: {reason}"
    return f"{what} {len(films)} film{'s' if len(films) > 1 else ''}, such as {said}"


def _of(names: list[str]) -> str:
    return f" of {', '.join(names)}"


def _together(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names by the words that they share."""
    found: dict[str, list[str]] = {}
    for words, name in pairs:
        found.setdefault(words, []).append(name)
    return found

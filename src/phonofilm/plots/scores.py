"""Scores of one system or several, from their JSON: as a Markdown or LaTeX table, film by film, or as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from phonofilm.errors import SettingError
from phonofilm.media.atomic import try_target, write_atomically
from phonofilm.parts import parts_from_json
from phonofilm.plots.remarks import remarks, skipped
from phonofilm.plots.rows import save_rows
from phonofilm.plots.tables import csv_table, latex_table, markdown_list, markdown_table, number

Reports = Mapping[str, Mapping[str, Any]]
"""What ``phonofilm score`` wrote, by the name that the system shall have."""


def save_scores(reports: Reports, path: str | Path, *, force: bool = False) -> Path:
    """Write scores in the form that the ending of ``path`` names.

    Args:
        reports: at least one.
        path: ends in ``.md``, ``.tex`` (a ``tabular`` for the package booktabs), ``.csv`` (film by film) or ``.png``.
        force: replace an existing file.

    Raises:
        SettingError: for another ending, or if there is no value to draw.
        MediaError: if the file cannot be written.
    """
    path = check_scores_target(path, force=force)
    if path.suffix == ".png":
        return save_rows(rows(reports), path, force=force)
    return write_atomically(path, FORMS[path.suffix](reports).encode(), force=force)


def check_scores_target(path: str | Path, *, force: bool = False) -> Path:
    """The path, once it is known that scores can be written there; see :func:`save_scores`."""
    path = try_target(path, force=force)
    if path.suffix not in (*FORMS, ".png"):
        raise SettingError(f"scores cannot be written as {path.name}: choose a name in {', '.join(FORMS)} or .png")
    return path


def markdown(reports: Reports) -> str:
    """A row a score; a column a system, or for one system the value with all that stands beside it.

    Below the table stands what was left out and why, and how intervals were made.
    """
    table = f"{markdown_table(*_table(reports))}\n"
    below = markdown_list(_below(reports))
    return f"{table}\n{below}" if below else table


def latex(reports: Reports) -> str:
    """The same table as a ``tabular``, and what stands below as comments."""
    return latex_table(*_table(reports), _below(reports))


def film_by_film(reports: Reports) -> str:
    """A row a film (of each system) with what it gave to each score, as CSV.

    Empty where a film does not count; scores of whole sets, such as distances, have no column. Of a score that is a
    quantile of many values the film's own is given, of a sum over a sum the film's own quotient.
    """
    found = {label: _films(report) for label, report in reports.items()}
    names = list(dict.fromkeys(name for films in found.values() for row in films.values() for name in row))
    return csv_table(
        ["system", "film", *names],
        [
            [label, film, *(number(row.get(name), 9) for name in names)]
            for label, films in found.items()
            for film, row in films.items()
        ],
    )


FORMS: dict[str, Callable[[Reports], str]] = {".md": markdown, ".tex": latex, ".csv": film_by_film}
"""Forms of text by ending."""


def rows(reports: Reports) -> dict[str, Any]:
    """Scores in the form of a benchmark's results (:mod:`phonofilm.plots.rows`), with chance and ceiling below."""
    shown = [{"label": label, "kind": "model", "scores": report["scores"]} for label, report in reports.items()]
    for kind, name, label in (("shuffled", "chance", "chance"), ("true", "ceiling", "reference")):
        beside = {
            score: {"value": row[name], "interval": None, "better": row["better"]}
            for report in reports.values()
            for score, row in report["scores"].items()
            if row[name] is not None
        }
        if beside:
            shown.append({"label": label, "kind": kind, "scores": beside})
    units = {name: _first(reports, name)["unit"] for name in _names(reports)}
    columns = [{"score": name, "title": f"{name}, {unit}" if unit else name} for name, unit in units.items()]
    return {"columns": columns, "rows": shown}


def _table(reports: Reports) -> tuple[list[str], list[list[str]]]:
    """Head and body."""
    if len(reports) > 1:
        return ["", *reports], [
            [_title(_first(reports, name)), *(_value(report["scores"].get(name)) for report in reports.values())]
            for name in _names(reports)
        ]
    (report,) = reports.values()
    against = report.get("references", {})
    return ["", "value, 95 %", "chance", "reference", "n", "left out", "reference n", "definition"], [
        [
            _title(row),
            _value(row),
            number(row["chance"]),
            number(row["ceiling"]),
            str(row["n"]),
            str(row["excluded"]),
            str(against.get(row["definition"], {}).get("clips", "")),
            row["definition"],
        ]
        for row in report["scores"].values()
    ]


def _below(reports: Reports) -> list[str]:
    """Remarks, each with its system where there are several."""
    return [
        f"{label}: {line}" if len(reports) > 1 else line
        for label, report in reports.items()
        for line in (*skipped(report), *remarks(report))
    ]


def _names(reports: Reports) -> Sequence[str]:
    """All scores, in the order in which they come first."""
    return list(dict.fromkeys(name for report in reports.values() for name in report["scores"]))


def _first(reports: Reports, name: str) -> Mapping[str, Any]:
    return next(report["scores"][name] for report in reports.values() if name in report["scores"])


def _title(row: Mapping[str, Any]) -> str:
    """Name, unit, and which way is better."""
    unit = f" ({row['unit']})" if row["unit"] else ""
    return f"{row['name']}{unit}, {row['better']} is better"


def _value(row: Mapping[str, Any] | None) -> str:
    """Value and interval; for a score that could not be computed, that."""
    if row is None or row["value"] is None:
        return "none"
    interval = row["interval"]
    return number(row["value"]) + (f" ({number(interval[0])} to {number(interval[1])})" if interval else "")


def _films(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What each film gave to each score, by file name."""
    found: dict[str, dict[str, float]] = {}
    for score in report["scores"].values():
        parts = None if score.get("parts") is None else parts_from_json(score["parts"])
        for place, film in enumerate(report.get("counted", {}).get(score["definition"], ())):
            alone = None if parts is None else parts.of([place])
            value = None if alone is None else alone.value
            row = found.setdefault(film, {})
            if value is not None and isfinite(value):
                row[score["name"]] = value
    return found

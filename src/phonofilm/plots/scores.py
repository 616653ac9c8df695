"""Scores of one system or several, from their JSON: as a Markdown or LaTeX table, or as a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phonofilm.errors import SettingError
from phonofilm.media.atomic import check_target, write_atomically
from phonofilm.plots.remarks import remarks, skipped
from phonofilm.plots.rows import save_rows

Reports = Mapping[str, Mapping[str, Any]]
"""What ``phonofilm score`` wrote, by the name that the system shall have."""

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def save_scores(reports: Reports, path: str | Path, *, force: bool = False) -> Path:
    """Write scores in the form that the ending of ``path`` names.

    Args:
        reports: at least one.
        path: ends in ``.md``, ``.tex`` (a ``tabular`` for the package booktabs) or ``.png``.
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
    path = check_target(path, force=force)
    if path.suffix not in (*FORMS, ".png"):
        raise SettingError(f"scores cannot be written as {path.name}: choose a name in {', '.join(FORMS)} or .png")
    return path


def markdown(reports: Reports) -> str:
    """A row a score; a column a system, or for one system the value with all that stands beside it.

    Below the table stands what was left out and why, and how intervals were made.
    """
    head, body = _table(reports)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    table = "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)
    below = "".join(f"* {line}\n" for line in _below(reports))
    return f"{table}\n{below}" if below else table


def latex(reports: Reports) -> str:
    """The same table as a ``tabular``, and what stands below as comments."""
    head, body = _table(reports)
    lines = [" & ".join(map(_tex, line)) + r" \\" for line in (head, *body)]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{tabular}{l" + "r" * (len(head) - 1) + "}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *(f"% {' '.join(line.split())}" for line in _below(reports)),
            "",
        ]
    )


FORMS: dict[str, Callable[[Reports], str]] = {".md": markdown, ".tex": latex}
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
    return {"columns": [{"score": name, "title": name} for name in _names(reports)], "rows": shown}


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
            _number(row["chance"]),
            _number(row["ceiling"]),
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
    return _number(row["value"]) + (f" ({_number(interval[0])} to {_number(interval[1])})" if interval else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _tex(cell: str) -> str:
    """A cell with what LaTeX would read as a command written out."""
    return re.sub(r"[\\~^#$%&_{}]", lambda found: _LATEX.get(found[0], "\\" + found[0]), cell)

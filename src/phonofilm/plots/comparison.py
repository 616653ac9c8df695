"""How two sets of scores differ, from the JSON of the differences: as JSON, Markdown, LaTeX or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phonofilm.errors import SettingError
from phonofilm.media.atomic import try_target, write_atomically
from phonofilm.plots.remarks import together
from phonofilm.plots.tables import csv_table, latex_table, markdown_table, number

Difference = Mapping[str, Any]
"""One score's: see :meth:`phonofilm.metrics.Difference.to_json`."""

FORMAT, VERSION = "phonofilm-comparison", 1
FORMS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    ".json": lambda compared: json.dumps(compared, indent=1) + "\n",
    ".md": lambda compared: (
        f"{markdown_table(*table(compared))}\n\n" + "".join(f"* {line}\n" for line in below(compared))
    ),
    ".tex": lambda compared: latex_table(*table(compared), below(compared)),
    ".csv": lambda compared: csv_table(*table(compared, reasons=True)),
}
"""Forms of text by ending."""


def comparison(
    first: str, second: str, seed: int, differences: Sequence[Difference], caveats: Sequence[str] = ()
) -> dict[str, Any]:
    """All that there is to say of one comparison, as plain values.

    Args:
        first, second: what is compared.
        seed: of the resampling.
        differences: of the scores that both have.
        caveats: in what else the two differ, in sentences.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "first": first,
        "second": second,
        "seed": seed,
        "differences": list(differences),
        "caveats": list(caveats),
    }


def save_comparison(compared: Mapping[str, Any], path: str | Path, *, force: bool = False) -> Path:
    """Write a comparison in the form that the ending of ``path`` names.

    Raises:
        SettingError: for an ending other than ``.json``, ``.md``, ``.tex`` and ``.csv``.
        MediaError: if the file exists (without ``force``) or cannot be written.
    """
    path = check_comparison_target(path, force=force)
    return write_atomically(path, FORMS[path.suffix](compared).encode(), force=force)


def check_comparison_target(path: str | Path, *, force: bool = False) -> Path:
    """The path, once it is known that a comparison can be written there; see :func:`save_comparison`."""
    path = try_target(path, force=force)
    if path.suffix not in FORMS:
        raise SettingError(f"a comparison cannot be written as {path.name}: choose a name in {', '.join(FORMS)}")
    return path


def table(compared: Mapping[str, Any], *, reasons: bool = False) -> tuple[list[str], list[list[str]]]:
    """Head and body: a row a score that has a value in one of the two.

    Args:
        compared: see :func:`comparison`.
        reasons: why a score is not tested stands in its row; otherwise see :func:`below`.
    """
    return ["score", "first", "second", "second minus first, 95 %", "films", ""], [
        [
            f"{one['name']}, {one['better']} is better",
            *(_value(one[side], one["unit"]) for side in ("one", "other")),
            "" if one["interval"] is None else " to ".join(map(number, one["interval"])),
            str(one["n"]),
            "not tested" if one["reason"] and not reasons else one["verdict"],
        ]
        for one in compared["differences"]
        if _has_value(one)
    ]


def below(compared: Mapping[str, Any]) -> list[str]:
    """What the table rests on, in sentences."""
    tested = sum(one["interval"] is not None for one in compared["differences"])
    lines = [
        f"first: {compared['first']}; second: {compared['second']}; seed of the resampling: {compared['seed']}",
        *compared["caveats"],
    ]
    untested = together(
        (one["reason"], one["name"]) for one in compared["differences"] if one["reason"] and _has_value(one)
    )
    lines += [f"not tested, {', '.join(names)}: {reason}" for reason, names in untested.items()]
    if without := [one["name"] for one in compared["differences"] if not _has_value(one)]:
        lines.append(f"without a value in both: {len(without)}, {', '.join(without)}")
    if tested > 1:
        lines.append(
            f"{tested} differences are tested at 95 % each: of sets that do not differ, one in twenty is told apart by "
            "chance, so decide before you look which score counts"
        )
    return lines


def _has_value(one: Difference) -> bool:
    return one["one"] is not None or one["other"] is not None


def _value(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{number(value)} {unit}".strip()

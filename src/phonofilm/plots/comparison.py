"""How two sets of scores differ, from the JSON of the differences: as JSON, Markdown, LaTeX or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phonofilm.bootstrap import FEW
from phonofilm.errors import SettingError
from phonofilm.media.atomic import try_target, write_atomically
from phonofilm.plots.remarks import rough, together
from phonofilm.plots.tables import csv_table, latex_table, markdown_list, markdown_table, number

Difference = Mapping[str, Any]
"""One score's: see :meth:`phonofilm.metrics.Difference.to_json`."""

FORMAT, VERSION = "phonofilm-comparison", 1
FORMS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    ".json": lambda compared: json.dumps(compared, indent=1) + "\n",
    ".md": lambda compared: f"{markdown_table(*table(compared))}\n\n{markdown_list(below(compared))}",
    ".tex": lambda compared: latex_table(*table(compared), below(compared)),
    ".csv": lambda compared: csv_table(*full(compared)),
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


def table(compared: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and body: a row a score that has a value in one of the two; why one is not tested see :func:`below`."""
    return ["score", "first", "second", "second minus first, 95 %", "films", ""], [
        [
            f"{one['name']}, {one['better']} is better",
            *(_value(one[side], one["unit"]) for side in ("one", "other")),
            "" if one["interval"] is None else " to ".join(map(number, one["interval"])),
            str(one["n"]),
            "not tested" if one["reason"] else one["verdict"],
        ]
        for one in compared["differences"]
        if _has_value(one)
    ]


def full(compared: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The same with a column for each number, in all its digits.

    ``low`` and ``high`` enclose ``difference``, second minus first; ``size low`` and ``size high`` the difference of
    their sizes, by which a score that is better nearer zero is judged.
    """
    head = ["score", "unit", "better", "first", "second", "difference", "low", "high", "size low", "size high"]
    return [*head, "films", "films first", "films second", "verdict"], [
        [
            *(one[key] for key in ("name", "unit", "better")),
            *map(_digits, (one["one"], one["other"], _difference(one))),
            *map(_digits, [*(one["interval"] or (None, None)), *(one["sizes"] or (None, None))]),
            *map(str, (one["n"], *one["counts"])),
            one["verdict"],
        ]
        for one in compared["differences"]
        if _has_value(one)
    ]


def below(compared: Mapping[str, Any]) -> list[str]:
    """What the table rests on, in sentences."""
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
    return [*lines, *_unlike(compared["differences"]), *_rough(compared["differences"])]


def _unlike(differences: Sequence[Difference]) -> list[str]:
    """How many films count on each side, where that is more than count on both."""
    found = together(
        ("{} in the first, {} in the second".format(*one["counts"]), one["name"])
        for one in differences
        if one["interval"] is not None and max(one["counts"]) > one["n"]
    )
    return [
        f"what films hold is put together in {', '.join(names)}; films that count: {many}"
        for many, names in found.items()
    ]


def _rough(differences: Sequence[Difference]) -> list[str]:
    """How far verdicts can be trusted: what is told apart by chance."""
    tested = [one for one in differences if one["interval"] is not None]
    few = [one["name"] for one in tested if min(one["counts"]) < FEW]
    lines = [f"{rough(few, len(tested))}: more is told apart by chance than 95 % says"] if few else []
    if len(tested) > 1:
        chance = "some are" if few else "one in twenty is"
        lines.append(
            f"{len(tested)} differences are tested at 95 % each: of sets that do not differ, {chance} told apart by "
            "chance, so decide before you look which score counts"
        )
    return lines


def _has_value(one: Difference) -> bool:
    return one["one"] is not None or one["other"] is not None


def _value(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{number(value)} {unit}".strip()


def _difference(one: Difference) -> float | None:
    return None if one["one"] is None or one["other"] is None else one["other"] - one["one"]


def _digits(value: float | None) -> str:
    return "" if value is None else repr(float(value))

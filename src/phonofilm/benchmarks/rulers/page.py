"""The calibration as Markdown with figures. Works on the JSON alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.rulers.judging import SURE, deviation
from phonofilm.benchmarks.rulers.variants import SHIFTS_MS, TRUE, shifted, shifts
from phonofilm.benchmarks.sections import markdown_table, write_section
from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.plots.curves import Curve, save_curves

SECTION = "rulers"
TITLE = "# The rulers measured\n"
COMPARABLE = 0.1
"""Frame rates matter little if they move a score by less than this share of its distance from chance."""
FIGURE = "![Each score against the shift of the sound; the band is its 95 % interval, the dashes chance]"
SHIFTED = frozenset(shifted(ms) for ms in shifts() if ms)
READING = (
    "How to read it. **True** is the score of clips as they are (95 % interval in brackets), **chance** that of each "
    "picture with the sound of another clip. **Best at** is the shift of the sound at which the score is best; "
    "positive is late. **Loss** is by how much it is worse at 100 ms, early and late on average. **Sees from** is the "
    "least shift from which on, early and late, the score is worse than that of true clips beyond noise (95 %), for "
    "sets of so many clips. **Noise** is the standard deviation of the score of true clips over sets of so many "
    "(disjoint sets where there are four or more, else from the interval). **Monotone** is a score that nowhere gets "
    f"better with a larger shift, beyond noise. Shifts tried: {', '.join(map(str, SHIFTS_MS))} ms, early and late."
)


def write_page(results: Mapping[str, Any], path: Path) -> None:
    """Write the page with its figures beside it; what else stands in the file stays.

    Raises:
        SettingError: unless the name ends in ``.md``.
        MediaError: if it cannot be written.
    """
    if path.suffix.lower() != ".md":
        raise SettingError(f"{path} is not a .md name: the page is Markdown")
    for place, ground in enumerate(results["grounds"]):
        curves = list(_curves(ground))
        if curves:
            save_curves(curves, "sound late by, ms", path.parent / _figure(path, place), force=True)
    if not path.exists():
        write_atomically(path, TITLE.encode(), force=False)
    write_section(path, SECTION, markdown(results, path))


def markdown(results: Mapping[str, Any], path: Path) -> str:
    """The page's text; ``path`` names its figures."""
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    left_out = "\n".join(f"- {name} is left out: {reason}" for name, reason in results["left_out"].items())
    parts = [f"```\n{results['command']}\n```", READING, f"Versions: {versions}."]
    for place, ground in enumerate(results["grounds"]):
        parts += [_ground(ground, path, place)]
    return "\n\n".join([*parts, *([f"## Not run\n\n{left_out}"] if left_out else [])])


def _figure(path: Path, place: int) -> str:
    return f"{path.stem}-{place + 1}.svg"


def _ground(ground: Mapping[str, Any], path: Path, place: int) -> str:
    shown = dict(_scores(ground))
    skipped = [f"- {name} is left out: {reason}" for name, reason in ground["skipped"].items()]
    refused = [
        f"- {metric} leaves out {name}: {reason}"
        for metric, row in ground["metrics"].items()
        for name, reason in row["refused"].items()
    ]
    body = [
        f"## {ground['title']} (n = {ground['n']})",
        "\n".join([*skipped, *refused]),
        _table(shown),
        f"{FIGURE}({_figure(path, place)})" if any(_curves(ground)) else "",
        _changes(ground, shown),
        "### What each of them sees",
        *(f"**{name}** ({definition}). {' '.join(sentences(score))}" for (name, definition), score in shown.items()),
    ]
    return "\n\n".join(part for part in body if part)


def _scores(ground: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Each score that true clips have, by its name and definition."""
    for row in ground["metrics"].values():
        for name, score in row["scores"].items():
            if score["values"][TRUE]["value"] is not None:
                yield (name, row["definition"]), score


def _table(shown: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    sizes = list(next(iter(shown.values()))["noise"]) if shown else []
    head = ["", "true", "chance", "best at, ms", "loss", "monotone"]
    head += [f"sees from, n = {size}" for size in sizes] + [f"noise, n = {size}" for size in sizes]
    rows = [
        [
            name,
            _estimate(score["values"][TRUE], score["unit"]),
            _number(score["chance"]),
            _signed(score["best_ms"]),
            _number(score["slope"]),
            {True: "yes", False: "no", None: "-"}[score["monotone"]],
            *(_from(score["resolution"][size]) for size in sizes),
            *(_number(score["noise"][size]) for size in sizes),
        ]
        for (name, _), score in shown.items()
    ]
    return markdown_table(head, rows)


def _changes(ground: Mapping[str, Any], shown: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """Values on all that was done beside shifts, a row each; bold where they differ from true clips beyond noise."""
    done = [one for one in ground["variants"] if one["name"] not in SHIFTED]
    columns = [key for key, score in shown.items() if any(kind != "no" for kind in score["sees"].values())]
    if not columns:
        return ""

    def cell(key: tuple[str, str], name: str) -> str:
        value = shown[key]["values"].get(name, {}).get("value")
        text = _number(value)
        return f"**{text}**" if shown[key]["sees"].get(name) in {"worse", "better"} else text

    rows = [[f"clips {one['words']}", *(cell(key, one["name"]) for key in columns)] for one in done]
    return markdown_table(["", *(name for name, _ in columns)], rows)


def sentences(score: Mapping[str, Any]) -> Iterator[str]:
    """What a score sees and does not see, in words."""
    values, unit = score["values"], score["unit"]
    true = values[TRUE]
    level = f"True clips score {_estimate(true, unit)}"
    level += f" of at most {score['most']:g}" if score["most"] is not None else ""
    level += "" if score["chance"] is None else f"; with other sounds {_number(score['chance'])}"
    yield level + "."
    kinds = {kind for name, kind in score["sees"].items() if name in SHIFTED}
    if kinds <= {None}:
        yield "Its noise is not known from so few clips, so what it sees is not either."
    elif kinds <= {None, "no"}:
        yield f"No shift of the sound changes it beyond its noise in {true['n']} clips."
    else:
        yield from _about_time(score)
    yield from _about_rates(score)
    yield from _about_changes(score)
    if score["most"] is not None and (score["greatest"] or 0) > score["most"] + 1e-9:
        yield f"A single clip scored {_number(score['greatest'])}: its greatest value is not what it is said to be."


def _about_time(score: Mapping[str, Any]) -> Iterator[str]:
    at = score["best_ms"]
    if at == 0:
        yield "It is best where sound and picture are in time."
    elif at is not None:
        value = _number(score["values"][shifted(at)]["value"])
        yield f"It is best not in time but with the sound {abs(at)} ms {'late' if at > 0 else 'early'} ({value})."
    if score["monotone"] is not None:
        yield (
            "It gets no better with larger shifts."
            if score["monotone"]
            else "It gets better again somewhere as shifts grow, so that of two films the worse one may score better."
        )
    sizes: dict[int | None, list[str]] = {}
    for size, ms in score["resolution"].items():
        sizes.setdefault(ms, []).append(size)
    blind = sizes.pop(None, [])
    if sizes:
        told = "; ".join(f"from {ms} ms on with {_list(some)} clips" for ms, some in sizes.items())
        yield f"Sound that is early or late it tells from sound in time {told}."
    if blind:
        yield f"With {_list(blind, 'or')} clips it cannot tell early and late sound from sound in time for sure."


def _about_rates(score: Mapping[str, Any]) -> Iterator[str]:
    found = {fps: one["true"] for fps, one in score["fps"].items() if one["true"] is not None}
    if len(found) < 2 or score["chance"] is None:
        return
    usual = score["values"][TRUE]["value"]
    rates = ", ".join(f"{_number(value)} at {fps}" for fps, value in found.items())
    said = f"By frames a second, the same true clips score {rates}"
    if score["better"] == "nearer zero":  # chance is near zero too, so no measure of what is far
        yield f"{said}."
        return
    near = [fps for fps, value in found.items() if abs(value - usual) <= COMPARABLE * abs(usual - score["chance"])]
    verdict = "films of different rates cannot be compared by it"
    if len(near) == len(found):
        verdict = "films of all these rates can be compared by it"
    elif len(near) > 1:
        verdict = f"of these, films of {_list(near)} can be compared by it"
    yield f"{said}: {verdict}."


def _list(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _about_changes(score: Mapping[str, Any]) -> Iterator[str]:
    kinds: dict[str, list[str]] = {"worse": [], "better": [], "no": []}
    for name, kind in score["sees"].items():
        if (kind is not None and not name.endswith((" ms", " fps"))) or name.startswith("jitter"):
            kinds[kind or "no"].append(name)
    said = (("worse", "Worse for it are"), ("better", "Better for it are"), ("no", "It does not see"))
    for kind, words in said:
        if kinds[kind]:
            yield f"{words}: {', '.join(kinds[kind])}."


def _curves(ground: Mapping[str, Any]) -> Iterator[Curve]:
    """Of each score that a shift changes at all."""
    for (name, _), score in _scores(ground):
        values = {ms: score["values"][shifted(ms)] for ms in shifts() if shifted(ms) in score["values"]}
        known = {ms: one for ms, one in values.items() if one["value"] is not None}
        y = [one["value"] for one in known.values()]
        if len(set(y)) > 1:
            reach = [SURE * (deviation((), one, one["n"]) or 0.0) for one in known.values()]
            low, high = ([value + side * one for value, one in zip(y, reach, strict=True)] for side in (-1, 1))
            yield Curve(name, list(known), y, low, high, score["chance"], score["unit"])


def _estimate(score: Mapping[str, Any], unit: str) -> str:
    interval = score["interval"]
    beside = "" if interval is None else f" ({_number(interval[0])} to {_number(interval[1])})"
    return f"{_number(score['value'])}{f' {unit}' if unit else ''}{beside}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0 turns -0 into 0


def _signed(ms: int | None) -> str:
    return "-" if ms is None else f"{ms:+d}" if ms else "0"


def _from(ms: int | None) -> str:
    return "none" if ms is None else f"{ms} ms"

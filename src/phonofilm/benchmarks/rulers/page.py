"""The calibration as Markdown with figures. Works on the JSON alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.rulers.judging import ALL
from phonofilm.benchmarks.rulers.summary import Shown, in_short, scores_of
from phonofilm.benchmarks.rulers.variants import SHIFTS_MS, TRUE, shifted, shifts
from phonofilm.benchmarks.rulers.words import SHIFTED, estimate, listed, number, sentences, signed
from phonofilm.benchmarks.sections import write_section
from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.plots.curves import Curve, save_curves
from phonofilm.plots.tables import markdown_table

SECTION = "rulers"
TITLE = "# The rulers measured\n"
FIGURE = "![Each score against the shift of the sound; the band is its 95 % interval, the dashes chance]"
READING = (
    "How to read the tables. **n** is the number of clips that count. **True** is the score of clips as they are (95 % "
    "interval in brackets), **chance** that of each picture with the sound of another clip. **Identity** is the least "
    "and the greatest score of a single clip in which picture and sound hold the very same times, for scores that are "
    "said to be 1 there. **Best at** is the shift of the sound at which the score is best; positive is late. **Loss** "
    "is by how much it is worse at 100 ms, early and late on average. **Monotone**: no, if it gets better somewhere "
    "with a larger shift, beyond noise; yes, if it nowhere gets better at all and some shift is seen; else these clips "
    "do not tell. **Sees from** is the least shift from which on, early and late, the score (over all clips) is worse "
    "than that of true clips by more than the noise (95 %) of sets of so many clips. **Noise** is the standard "
    "deviation of the score of true clips over such sets: disjoint ones where there are sixteen or more, else from the "
    "interval. Nothing is told of larger sets than were measured. What is **worse** or **better** is so on the same "
    "clips, with 95 % confidence; what a score **does not see** costs, as surely, less than a quarter of the most that "
    "it loses anywhere on these clips; else these clips do not tell. Shifts tried: "
    f"{', '.join(map(str, SHIFTS_MS))} ms, early and late."
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
    grounds = [_ground(ground, path, place) for place, ground in enumerate(results["grounds"])]
    parts = [in_short(results), f"```\n{results['command']}\n```", READING, f"Versions: {versions}.", *grounds]
    return "\n\n".join([*parts, *([_not_run(results["left_out"])] if results["left_out"] else [])])


def _not_run(left_out: Mapping[str, str]) -> str:
    """What is missing, once for all metrics that miss the same."""
    alike: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        alike.setdefault(reason, []).append(name)
    lines = [f"- {listed(some)}: {reason}" for reason, some in sorted(alike.items(), key=lambda item: item[1])]
    return "\n".join(["## Not run", "", *lines])


def _figure(path: Path, place: int) -> str:
    return f"{path.stem}-{place + 1}.svg"


def _ground(ground: Mapping[str, Any], path: Path, place: int) -> str:
    shown = dict(scores_of(ground))
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
        *(
            f"**{name}** ({row['definition']}). {' '.join(sentences(score, row))}"
            for name, (score, row) in shown.items()
        ),
    ]
    return "\n\n".join(part for part in body if part)


def _table(shown: Shown) -> str:
    sizes = list(next(iter(shown.values()))[0]["noise"]) if shown else []
    labels = [size if size == ALL else f"n = {size}" for size in sizes]
    head = ["", "n", "true", "chance", "identity", "best at, ms", "loss", "monotone"]
    head += [f"sees from, {label}" for label in labels] + [f"noise, {label}" for label in labels]
    rows = [
        [
            name,
            str(score["values"][TRUE]["n"]),
            estimate(score["values"][TRUE], score["unit"]),
            number(score["chance"]),
            _identity(score),
            signed(score["best_ms"]),
            number(score["slope"]),
            {True: "yes", False: "no", None: "-"}[score["monotone"]],
            *(_from(score["resolution"], size) for size in sizes),
            *(number(score["noise"][size]) for size in sizes),
        ]
        for name, (score, _) in shown.items()
    ]
    return markdown_table(head, rows)


def _identity(score: Mapping[str, Any]) -> str:
    if score["most"] is None or score["identity"] is None:
        return "-"
    low, high = map(number, score["identity"])
    return low if low == high else f"{low} to {high}"


def _from(resolution: Mapping[str, int | None], size: str) -> str:
    if size not in resolution:
        return "-"
    return "none" if resolution[size] is None else f"{resolution[size]} ms"


def _changes(ground: Mapping[str, Any], shown: Shown) -> str:
    """Values on all that was done beside shifts, a row each; bold where they differ from true clips beyond noise."""
    done = [one for one in ground["variants"] if one["name"] not in SHIFTED]
    columns = [name for name, (score, _) in shown.items() if not set(score["sees"].values()) <= {"no", "unsure"}]
    if not columns:
        return ""

    def cell(column: str, name: str) -> str:
        score, _ = shown[column]
        text = number(score["values"].get(name, {}).get("value"))
        return f"**{text}**" if score["sees"].get(name) in {"worse", "better"} else text

    rows = [[f"clips {one['words']}", *(cell(column, one["name"]) for column in columns)] for one in done]
    return markdown_table(["", *columns], rows)


def _curves(ground: Mapping[str, Any]) -> Iterator[Curve]:
    """Of each score that a shift changes at all."""
    for name, (score, _) in scores_of(ground):
        values = {ms: score["values"][shifted(ms)] for ms in shifts() if shifted(ms) in score["values"]}
        known = {ms: one for ms, one in values.items() if one["value"] is not None}
        y = [one["value"] for one in known.values()]
        if len(set(y)) > 1:
            low, high = zip(*(one["interval"] or (one["value"],) * 2 for one in known.values()), strict=True)
            better = "" if score["better"] == "nearer zero" else f", {score['better']} is better"
            yield Curve(f"{name}{better}", list(known), y, low, high, score["chance"], score["unit"])

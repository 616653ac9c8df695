"""What a score sees and does not see, in sentences. Plain values in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phonofilm.benchmarks.rulers.judging import ALL
from phonofilm.benchmarks.rulers.variants import TRUE, shifted, shifts

SHIFTED = frozenset(shifted(ms) for ms in shifts() if ms)
ROUNDING = 1e-9
MONOTONE = {
    True: "It gets worse, and nowhere better, with larger shifts.",
    False: "It gets better again somewhere as shifts grow, so that of two films the worse one may score better.",
    None: "Whether it gets worse with every larger shift these clips do not tell.",
}
AGAINST_ITSELF = (
    "Each sound is compared with the true clip's, so true clips are compared with themselves: their value is the "
    "greatest and without noise, and any change at all is seen. Generated sound is never the reference's, so nothing "
    "follows of how small a lag it tells there."
)


def sentences(score: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    """What a score sees and does not see, in words.

    Args:
        score: as judged.
        row: of its metric.
    """
    true, unit = score["values"][TRUE], score["unit"]
    level = f"True clips score {estimate(true, unit)}"
    level += f" of at most {score['most']:g}" if score["most"] is not None else ""
    level += "" if score["chance"] is None else f"; with other sounds {number(score['chance'])}"
    yield level + "."
    yield from _about_most(score)
    if row["against_itself"]:
        yield AGAINST_ITSELF
    kinds = {kind for name, kind in score["sees"].items() if name in SHIFTED}
    if kinds <= {None}:
        yield "Its noise is not known from so few clips, so what it sees is not either."
    elif kinds <= {None, "no", "unsure"}:
        yield f"No shift of the sound changes it beyond its noise in {true['n']} clips."
    else:
        yield from _about_time(score)
    if row["uses"][0]:
        yield from _about_rates(score)
    else:
        yield "It does not look at the picture, so it depends on no frame rate."
    yield from _about_changes(score)


def _about_most(score: Mapping[str, Any]) -> Iterator[str]:
    """Whether a greatest value is reached where both sides are the same, and never passed."""
    most, same = score["most"], score["identity"]
    if most is None:
        return
    if same is not None and max(abs(one - most) for one in same) > ROUNDING:
        low, high = map(number, same)
        spread = f"from {low} to {high}" if low != high else low
        yield f"Where picture and sound hold the very same times, a clip scores {spread}, not {most:g}."
    if (score["greatest"] or 0) > most + ROUNDING:
        yield f"A single clip scored {number(score['greatest'])}: its greatest value is not what it is said to be."


def _about_time(score: Mapping[str, Any]) -> Iterator[str]:
    at = score["best_ms"]
    if at == 0:
        yield "It is best where sound and picture are in time."
    elif at is not None:
        value = number(score["values"][shifted(at)]["value"])
        yield f"It is best not in time but with the sound {abs(at)} ms {'late' if at > 0 else 'early'} ({value})."
    yield MONOTONE[score["monotone"]]
    told, blind = told_from(score)
    if told:
        yield f"Sound that is early or late it tells from sound in time {told}."
    if blind:
        yield f"With {listed(blind, 'or')} clips it cannot tell early and late sound from sound in time for sure."


def told_from(score: Mapping[str, Any]) -> tuple[str, list[str]]:
    """From which shift on sets of which size tell, in words; and the sizes that tell none."""
    sizes: dict[int | None, list[str]] = {}
    for size, ms in score["resolution"].items():
        sizes.setdefault(ms, []).append(f"all {score['values'][TRUE]['n']}" if size == ALL else size)
    blind = sizes.pop(None, [])
    return "; ".join(f"from {ms} ms on with {listed(some)} clips" for ms, some in sizes.items()), blind


def _about_rates(score: Mapping[str, Any]) -> Iterator[str]:
    found = {fps: one["true"] for fps, one in score["fps"].items() if one["true"] is not None}
    if len(found) < 2:
        return
    usual = score["values"][TRUE]["value"]
    rates = listed([f"{number(value)} at {fps}" for fps, value in found.items()])
    known = {fps: found[fps] for fps in found if score["fps"][fps]["differs"] is not None}
    other = {fps: value for fps, value in known.items() if score["fps"][fps]["differs"]}
    if not known:
        return
    said = f"By frames a second, the same true clips score {rates}: "
    if not other:
        yield said + "alike within noise."
        return
    said += f"beyond noise, {listed(list(other))} {'differ' if len(other) > 1 else 'differs'}"
    far = None if score["chance"] is None else abs(usual - score["chance"])
    if far and score["better"] != "nearer zero":  # an offset's chance is near zero too, so no measure of what is far
        shares = [f"{abs(value - usual) / far:.0%}" for value in other.values()]
        said += f", by {listed(shares)} of the way to chance"
    yield f"{said}. Compare films of one rate."


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words with commas between them."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _about_changes(score: Mapping[str, Any]) -> Iterator[str]:
    said = {
        "worse": "Worse for it are",
        "better": "Better for it are",
        "no": "It does not see",
        "unsure": "These clips do not tell whether it sees",
    }
    for kind, words in said.items():
        done = [name for name, found in score["sees"].items() if found == kind and _is_change(name)]
        if done:
            yield f"{words}: {', '.join(done)}."


def _is_change(name: str) -> bool:
    """Something else was done than to move the whole sound or to take another rate."""
    return name.startswith("jitter") or not name.endswith((" ms", " fps"))


def estimate(score: Mapping[str, Any], unit: str) -> str:
    """A value with its interval."""
    interval = score["interval"]
    beside = "" if interval is None else f" ({number(interval[0])} to {number(interval[1])})"
    return f"{number(score['value'])}{f' {unit}' if unit else ''}{beside}"


def number(value: float | None) -> str:
    """A value in about three digits."""
    if value is None:
        return "-"
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0 turns -0 into 0


def signed(ms: int | None) -> str:
    """A shift with its sign."""
    return "-" if ms is None else f"{ms:+d}" if ms else "0"

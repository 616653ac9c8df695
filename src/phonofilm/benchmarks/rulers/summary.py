"""The page in short: which number to use, where it fails, and what each metric can and cannot see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from phonofilm.benchmarks.rulers.variants import OTHER_FPS, SHIFTS_MS, TRUE, shifted, shifts, variants
from phonofilm.benchmarks.rulers.words import ROUNDING, estimate, listed, number, told_from

Shown = dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
"""Each score that true clips have, with the row of its metric, by name."""
HEADLINE, SIGNED = "sync-error", "sync-offset"
MADE = {one.name: one for one in variants(scenes=True)}
IN_WORDS = {"swapped": "the sound of another clip", "other material": "sounds of another material"}
AT_RATES = {shifted(0, fps): f"{float(fps):g} fps" for fps in OTHER_FPS}


def scores_of(ground: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    """Each score that true clips have, and the row of its metric, by name."""
    for row in ground["metrics"].values():
        for name, score in row["scores"].items():
            if score["values"][TRUE]["value"] is not None:
                yield name, (score, row)


def in_short(results: Mapping[str, Any]) -> str:
    """The section, in Markdown."""
    grounds = [(ground, dict(scores_of(ground))) for ground in results["grounds"]]
    lines = [*_use(grounds), *_metrics(grounds)]
    if results["left_out"]:
        lines.append(f"**Not run, so not judged**: {listed(list(results['left_out']))} (weights were not at hand).")
    return "\n".join(["## In short", "", *(f"- {line}" for line in lines)])


def _use(grounds: list[tuple[Mapping[str, Any], Shown]]) -> Iterator[str]:
    """Which number to use, and where it fails."""
    main = [(ground, shown[HEADLINE][0]) for ground, shown in grounds if HEADLINE in shown]
    sign = [(ground, shown[SIGNED][0]) for ground, shown in grounds if SIGNED in shown]
    if not main or not sign:
        return
    told = " ".join(_levels(ground, score) for ground, score in main[:1])
    yield f"**Use `{HEADLINE}`**, the mean size of the lag, for sets of many clips in which something strikes. {told}"
    told = " ".join(_levels(ground, score) for ground, score in sign)
    yield f"**Use `{SIGNED}`**, the lag of the whole set, for its sign, and for a handful of real films. {told}"
    yield f"**Where `{HEADLINE}` fails.** {' '.join(_fails(main))} Its own text tells of regular beats and speech."


def _levels(ground: Mapping[str, Any], score: Mapping[str, Any]) -> str:
    values = score["values"]
    late, early = (number(values.get(shifted(ms), {}).get("value")) for ms in (100, -100))
    told = f"{_place(ground)}: {estimate(values[TRUE], score['unit'])} as they are, {late} with sound 100 ms late, "
    told += f"{early} with sound 100 ms early{_by_chance(score)}; {_best(score)};"
    seen, _ = told_from(score)
    return f"{told} tells shifts {seen}." if seen else f"{told} no shift is beyond the noise of so few."


def _fails(main: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    ground, score = main[0]
    moved = [name for name in _seen(score, "worse", "better") if not MADE[name].faulty]
    if moved:
        said = [f"{number(score['values'][name]['value'])} for {AT_RATES.get(name, name)}" for name in moved]
        yield f"{_place(ground)} that are in time: {listed(said)}, not {number(score['values'][TRUE]['value'])}."
    for ground, score in main[1:]:
        told = f"{estimate(score['values'][TRUE], score['unit'])} as they are{_by_chance(score)}"
        yield f"{_place(ground)}: {told}; {_best(score)}; {_shifts(score)}."


def _metrics(grounds: list[tuple[Mapping[str, Any], Shown]]) -> Iterator[str]:
    """Each metric by its first score, those that others published first."""
    shown = grounds[0][1]
    first = {row["definition"]: (name, score, row) for name, (score, row) in reversed(shown.items())}
    rows = [one for one in reversed(first.values()) if one[0] != HEADLINE]
    alike: dict[str, list[str]] = {}
    for name, score, row in sorted(rows, key=lambda one: one[2]["published"] is None):
        said = [_can(score, row)]
        said += [_elsewhere(other, others[name][0]) for other, others in grounds[1:] if name in others]
        alike.setdefault(" ".join(said), []).append(f"**{name}** ({row['published'] or 'ours'})")
    yield from (f"{listed(some)}: {said}" for said, some in alike.items())


def _elsewhere(ground: Mapping[str, Any], score: Mapping[str, Any]) -> str:
    return f"{_place(ground)}: {'; '.join([_best(score), _shifts(score), *_above(score)])}."


def _can(score: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    faults = {
        kind: [IN_WORDS.get(one, one) for one in _seen(score, kind) if MADE[one].faulty]
        for kind in ("worse", "no", "better", "unsure")
    }
    harmless = [AT_RATES.get(one, one) for one in _seen(score, "worse", "better") if not MADE[one].faulty]
    better = {
        side: [str(ms) for ms in SHIFTS_MS[1:] if _kind(score, sign * ms) == "better"]
        for side, sign in (("early", -1), ("late", 1))
    }
    told = [f"{_best(score)}; {_shifts(score)}"]
    told += [f"sees {listed(faults['worse'])}"] if faults["worse"] else []
    told += [f"does not see {listed(faults['no'])}"] if faults["no"] else []
    told += [f"of {listed(faults['unsure'])} these clips do not tell"] if faults["unsure"] else []
    told += [f"calls sound better that is {side} by {listed(some)} ms" for side, some in better.items() if some]
    told += _above(score)
    told += [f"calls clips better with {listed(faults['better'])}"] if faults["better"] else []
    told += [f"moves, though all is in time, with {listed(harmless)}"] if harmless else []
    told += [] if row["uses"][0] else ["looks at the sound alone, beside the true sound"]
    return "; ".join(told) + "."


def _by_chance(score: Mapping[str, Any]) -> str:
    return "" if score["chance"] is None else f", {number(score['chance'])} by chance"


def _best(score: Mapping[str, Any]) -> str:
    at = score["best_ms"]
    best = f"best with sound {abs(at)} ms {'late' if at > 0 else 'early'}" if at else "best in time"
    alike = {_kind(score, ms) for ms in shifts() if ms} <= {None, "no", "unsure"}
    return f"alike at all shifts within noise, {best}" if alike else best


def _shifts(score: Mapping[str, Any]) -> str:
    """From which shift on both sides are seen to be worse, and whether ever larger ones are ever worse."""
    from_ms = None
    for ms in reversed(SHIFTS_MS[1:]):
        if {_kind(score, ms), _kind(score, -ms)} != {"worse"}:
            break
        from_ms = ms
    if from_ms is None:
        return "sees no shift for sure"
    larger = {True: ", larger ones as worse", False: ", but calls some larger ones better than smaller ones", None: ""}
    return f"sees shifts from {from_ms} ms{larger[score['monotone']]}"


def _above(score: Mapping[str, Any]) -> list[str]:
    most, greatest = score["most"], score["greatest"]
    above = most is not None and greatest is not None and greatest > most + ROUNDING
    return [f"goes above its greatest value of {most:g} (a clip scored {number(greatest)})"] if above else []


def _seen(score: Mapping[str, Any], *kinds: str) -> list[str]:
    """Variants that are no shifts and were seen so: first those of other rates, then those of the usual one."""
    plain = [one for one in score["sees"] if not MADE[one].moved and MADE[one].picture.fps is None]
    return [one for one in [*AT_RATES, *plain] if score["sees"].get(one) in kinds]


def _kind(score: Mapping[str, Any], ms: int) -> str | None:
    return score["sees"].get(shifted(ms))


def _place(ground: Mapping[str, Any]) -> str:
    return f"{ground['title']} (n = {ground['n']})"

"""What follows for a score from its values on sets of clips whose sync is known. Plain values in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from phonofilm.benchmarks.rulers.variants import OTHER_FPS, SHIFTS_MS, TRUE, USUAL_FPS, shifted, shifts, swapped

Values = Mapping[str, Mapping[str, Any]]
"""Scores by the name of the variant: each with ``value``, ``interval``, ``chance``, ``better``, ``unit``, and with
``difference``, the 95 % interval of its value (of an offset: of its size) minus that of the same clips as they are."""

SURE = 1.96
"""Values differ if they are so many deviations of their difference apart (95 %)."""
LEAST = 1e-12
FEWEST_PARTS = 16
"""So many disjoint sets tell a deviation; with fewer it is taken from the interval of all clips."""
LITTLE = 0.25
"""What loses less than this share of the most that a score loses anywhere on these clips is not seen."""
WHOLE = 3.92
"""Deviations in a 95 % interval."""
SLOPE_MS = 100
ALL = "all"
"""Noise and resolution of all clips, beside those of sets of a size."""
MOST = {
    **{f"avalign-{form}": 1.0 for form in ("svg", "tempotokens-2023", "tempotokens-2025")},
    **{f"avalign-svg-{side}": 1.0 for side in ("precision", "recall")},
    **{f"event-f1-{tolerance}": 1.0 for tolerance in ("frame", "125ms")},
    **{f"event-hit-{tolerance}": 1.0 for tolerance in ("45ms", "125ms", "frame")},
    **dict.fromkeys(
        ("onset-f1", "onset-ap", "onset-accuracy", "onset-count", "avhscore", "javisscore", "imagebind-audio-video"),
        1.0,
    ),
}
"""The greatest value that these scores are said to have: that of clips in perfect time."""


def judged(
    name: str,
    values: Values,
    parts: Mapping[int, Sequence[float | None]],
    single: Sequence[float | None],
    identity: Sequence[float | None] = (),
    *,
    against_itself: bool = False,
    usual: str = f"{float(USUAL_FPS):g}",
) -> dict[str, Any]:
    """All about one score.

    Args:
        name: of the score.
        values: on all clips, by variant.
        parts: on disjoint sets of true clips, by their size.
        single: on single clips of any variant.
        identity: on single clips in which picture and sound say the same.
        against_itself: true clips are compared with themselves, so that their value is the greatest without noise.
        usual: frame rate of clips as they are.

    Returns:
        ``values``; ``noise`` at each size and over ``all`` clips, ``None`` for larger sets than there are; ``chance``;
        ``best_ms``, the shift at which it is best; ``monotone``; ``slope``, the loss at 100 ms; ``resolution`` at each
        size in ms; ``fps``; ``sees``, by variant; ``most``, ``greatest``, and ``identity``, the least and the
        greatest.
    """
    true = values[TRUE]
    sizes = {**{str(size): size for size in parts if size <= true["n"]}, ALL: true["n"]}
    noise = {str(size): deviation(some, true, size) if size <= true["n"] else None for size, some in parts.items()}
    noise[ALL] = deviation((), true, true["n"])
    curve = {ms: values[shifted(ms)] for ms in shifts() if _known(values, shifted(ms))}
    resolved = {label: resolution(curve, sizes[label], spread) for label, spread in noise.items() if label in sizes}
    found = [one for one in single if one is not None]
    same = [one for one in identity if one is not None]
    return {
        "unit": true["unit"],
        "better": true["better"],
        "values": dict(values),
        "noise": dict.fromkeys(noise) if against_itself else noise,
        "chance": _chance(values),
        "best_ms": best(curve),
        "monotone": monotone(curve),
        "slope": slope(curve),
        "resolution": {} if against_itself else resolved,
        "fps": rates(values, usual),
        "sees": {name: seen(true, one, LITTLE * _most(values)) for name, one in values.items() if name != TRUE},
        "most": MOST.get(name),
        "greatest": max(found) if found else None,
        "identity": [min(same), max(same)] if same else None,
    }


def worse(value: float, than: float, better: str) -> float:
    """By how much a value is worse than another one; negative where it is better."""
    if better == "nearer zero":
        return abs(value) - abs(than)
    return than - value if better == "higher" else value - than


def deviation(some: Sequence[float | None], true: Mapping[str, Any], size: int) -> float | None:
    """Standard deviation over sets of ``size`` clips; ``None`` where it cannot be told.

    Of disjoint sets where there are enough of them, else from the interval over all clips, which shrinks with the root
    of their number.
    """
    known = [one for one in some if one is not None]
    if len(known) >= FEWEST_PARTS:
        return float(np.std(known, ddof=1))
    if true["interval"] is None or not true["n"]:
        return None
    low, high = true["interval"]
    return float((high - low) / WHOLE * (true["n"] / size) ** 0.5)


def apart(one: Mapping[str, Any], other: Mapping[str, Any], size: int, spread: float | None = None) -> float | None:
    """By how much the other score is worse, where that is more than noise on sets of ``size`` clips.

    Args:
        one, other: scores with values.
        size: clips in a set.
        spread: deviation of the one over such sets, where it is known better than from its interval.

    Returns:
        0 where noise explains the difference; ``None`` where no noise is known.
    """
    own = spread if spread is not None else deviation((), one, size)
    others = deviation((), other, size)
    if own is None or others is None:
        return None
    loss = worse(other["value"], one["value"], one["better"])
    return loss if abs(loss) > max(_noise(own, others), LEAST) else 0.0


def _noise(one: float, other: float) -> float:
    """What the difference of two values with these deviations rarely passes."""
    return SURE * float(np.hypot(one, other))


def best(curve: Mapping[int, Mapping[str, Any]]) -> int | None:
    """The shift at which a score is best; of several the least."""
    if not curve:
        return None
    return min(curve, key=lambda ms: (round(worse(curve[ms]["value"], 0.0, curve[ms]["better"]), 9), abs(ms)))


def monotone(curve: Mapping[int, Mapping[str, Any]]) -> bool | None:
    """Whether a score gets worse with larger shifts, early and late.

    Returns:
        ``False`` if it gets better somewhere beyond its noise; ``True`` if it nowhere gets better at all, and some
        shift is worse than none beyond its noise; ``None`` if these clips do not tell, or a value is missing.
    """
    if set(curve) != set(shifts()):
        return None
    gains = [
        (worse(one["value"], later["value"], one["better"]), apart(one, later, one["n"]) or 0.0)
        for line in ([curve[sign * size] for size in SHIFTS_MS] for sign in (-1, 1))
        for place, one in enumerate(line)
        for later in line[place + 1 :]
    ]
    if any(sure < 0 for _, sure in gains):
        return False
    rises = any(gain > LEAST for gain, _ in gains)
    return None if rises or resolution(curve, curve[0]["n"], None) is None else True


def slope(curve: Mapping[int, Mapping[str, Any]]) -> float | None:
    """By how much a score is worse at 100 ms, early and late on average."""
    if not {-SLOPE_MS, 0, SLOPE_MS} <= set(curve):
        return None
    true = curve[0]
    return float(np.mean([worse(curve[ms]["value"], true["value"], true["better"]) for ms in (-SLOPE_MS, SLOPE_MS)]))


def resolution(curve: Mapping[int, Mapping[str, Any]], size: int, noise: float | None) -> int | None:
    """The least shift from which on, early and late, a score is worse than at none beyond its noise; in ms."""
    least = None
    for ms in reversed(SHIFTS_MS[1:]):
        away = [curve.get(sign * ms) for sign in (-1, 1)]
        if 0 not in curve or any(one is None or (apart(curve[0], one, size, noise) or 0.0) <= 0 for one in away):
            break
        least = ms
    return least


def rates(values: Values, usual: str) -> dict[str, Any]:
    """By frame rate: the value of true clips, of clips 100 and 200 ms late, and of swapped sounds.

    ``differs`` is whether true clips differ from those at their usual rate beyond noise, ``None`` if that is not known.
    """
    every = {usual: None, **{f"{float(fps):g}": fps for fps in OTHER_FPS}}
    return {
        name: {
            "true": _value(values, shifted(0, fps)),
            "100 ms": _value(values, shifted(100, fps)),
            "200 ms": _value(values, shifted(200, fps)),
            "swapped": _value(values, swapped(fps)),
            "differs": None if fps is None else _differs(seen(values[TRUE], one)),
        }
        for name, fps in every.items()
        if (one := values.get(shifted(0, fps))) is not None
    }


def seen(true: Mapping[str, Any], other: Mapping[str, Any], little: float = 0.0) -> str | None:
    """Whether a score differs on clips to which something was done from the same clips as they are.

    Args:
        true: the score of these.
        other: of those; where its ``difference`` is not known, noise is that of two sets of clips.
        little: a loss (or gain) up to here is none.

    Returns:
        ``worse`` or ``better`` beyond noise; ``no`` if it is at most ``little`` in spite of noise; ``unsure`` where
        these clips do not tell; ``None`` where no noise is known.
    """
    if true["value"] is None or other["value"] is None:
        return None
    lost = _lost(true, other)
    if lost is None:
        return None
    if lost[0] > LEAST or lost[1] < -LEAST:
        return "worse" if lost[0] > LEAST else "better"
    return "no" if max(abs(lost[0]), abs(lost[1])) <= max(little, LEAST) else "unsure"


def _lost(true: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, float] | None:
    """95 % interval of by how much the other one is worse."""
    if other.get("difference") is not None:
        low, high = other["difference"]
        return (-high, -low) if true["better"] == "higher" else (low, high)
    own, others = (deviation((), one, true["n"]) for one in (true, other))
    if own is None or others is None:
        return None
    loss, noise = worse(other["value"], true["value"], true["better"]), _noise(own, others)
    return loss - noise, loss + noise


def _differs(kind: str | None) -> bool | None:
    return None if kind is None else kind in {"worse", "better"}


def _chance(values: Values) -> float | None:
    """As the score says, else its value with swapped sounds; a signed offset has none: by chance it may be anything."""
    true = values[TRUE]
    if true["chance"] is not None or true["better"] == "nearer zero":
        return true["chance"]
    return _value(values, swapped())


def _most(values: Values) -> float:
    """The most that a score loses, whatever is done."""
    true = values[TRUE]
    lost = [worse(one["value"], true["value"], true["better"]) for one in values.values() if one["value"] is not None]
    return max(lost) if true["value"] is not None and lost else 0.0


def _known(values: Values, name: str) -> bool:
    return name in values and values[name]["value"] is not None


def _value(values: Values, name: str) -> float | None:
    return values[name]["value"] if name in values else None

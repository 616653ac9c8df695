"""What one metric says of all variants, of sets of several sizes, of single clips and of a thing beside itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from phonofilm.benchmarks.rulers.judging import judged
from phonofilm.benchmarks.rulers.variants import TRUE
from phonofilm.metrics import OURS, Better, Metric, Score
from phonofilm.metrics._features.peaks import Peaks
from phonofilm.metrics._kinds.agreement import Two
from phonofilm.metrics.event_sync import Timing

SIZES = (32, 128, 512)
"""Numbers of clips that noise is told for, where there are more; beside them, of all clips."""
SEED = 0
"""Of intervals and wrong pairs."""


def described(metric: Metric[Any]) -> dict[str, Any]:
    """What the page needs to know of a metric itself."""
    return {
        "definition": f"{metric.name}@{metric.version}",
        "published": None if metric.source is OURS else metric.source.paper,
        "uses": list(metric.uses),
        "against_itself": metric.needs_reference,
    }


def measured(metric: Metric[Any], records: Mapping[str, list[Any]], fps: str) -> dict[str, Any]:
    """All scores of one metric by name: their values on each variant, their noise, and what follows.

    Args:
        metric: that made the records.
        records: by the name of the variant.
        fps: of clips as they are, in words.
    """
    true = [record for record in records[TRUE] if record is not None]
    reference = true if metric.needs_reference else None

    def scores(some: Sequence[Any]) -> dict[str, Score]:
        counted = [record for record in some if record is not None]
        return {one.name: one for one in metric.scores(counted, reference, SEED)} if counted else {}

    def counted(variant: str) -> list[int]:
        return [place for place, record in enumerate(records[variant]) if record is not None]

    values = {name: scores(some) for name, some in records.items()}
    parts = {size: [scores(part) for part in _parts(true, size)] for size in SIZES if size < len(records[TRUE])}
    single = [scores([record]) for some in records.values() for record in some if record is not None]
    same = [scores([twin]) for record in true for twin in ([record] if reference else twins(record))]
    return {
        name: judged(
            name,
            {
                variant: _short(found[name])
                | {"difference": difference(found[name], values[TRUE][name], counted(variant), counted(TRUE))}
                for variant, found in values.items()
                if name in found
            },
            {size: [part[name].value for part in some] for size, some in parts.items()},
            [one[name].value for one in single],
            [one[name].value for one in same],
            against_itself=metric.needs_reference,
            usual=fps,
        )
        for name in metric.gives
        if name in values[TRUE]
    }


def twins(record: Any) -> Iterator[Any]:
    """Records of clips in which picture and sound hold the very same times: those of the picture, those of the sound.

    None where a record is not one of times, or has none.
    """
    if isinstance(record, Two):
        yield from (Two(twin, twin) for twin in twins(record.one))
    elif isinstance(record, Peaks):
        yield from (
            replace(record, picture=times, sound=times) for times in (record.picture, record.sound) if len(times)
        )
    elif isinstance(record, Timing):
        yield from (replace(record, seen=times, heard=times) for times in (record.seen, record.heard) if len(times))


def difference(one: Score, true: Score, ones: Sequence[int], trues: Sequence[int]) -> list[float] | None:
    """95 % interval of a score (of an offset: of its size) minus that of the same clips as they are.

    Args:
        one, true: the scores.
        ones, trues: the places of the clips that count in them.

    Returns:
        ``None`` where clips cannot be told apart, or are too few.
    """
    if one.parts is None or true.parts is None:
        return None
    both = sorted(set(ones) & set(trues))
    mine, theirs = (
        one.parts.of([ones.index(place) for place in both]),
        true.parts.of([trues.index(place) for place in both]),
    )
    if mine is None or theirs is None:
        return None
    found = mine.minus(theirs, SEED, size=true.better is Better.NEARER_ZERO)
    return None if found is None else list(found)


def _short(score: Score) -> dict[str, Any]:
    plain = score.to_json()
    return {what: plain[what] for what in ("value", "interval", "n", "chance", "unit", "better", "reason")}


def _parts(records: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """As many disjoint sets of this size as there are, in the order of the clips."""
    order = np.random.default_rng(SEED).permutation(len(records))
    return [[records[i] for i in order[at : at + size]] for at in range(0, len(records) - size + 1, size)]

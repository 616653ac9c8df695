"""Checks of a metric: what scoring and benchmarks rely on, whatever it measures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.media.clip import Clip
from phonofilm.metrics import Metric, Score, Subject
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000)
CLIPS, SEED = 4, 3


def check_metric(metric: Metric[Any], clips: Sequence[Subject] | None = None) -> list[Score]:
    """A metric gives the scores that it names, the same for the same clips, and a reason where it has no value.

    Checked are its name, version, origin and scores, with clips and without any; that every number is finite and can be
    stored as JSON; that measuring leaves the clips as they are; that the same clips give the same scores, whatever
    the order in which they come; and that it needs reference clips where it says so, and nowhere else.

    Args:
        metric: built, with a codec if it needs one.
        clips: to measure; default: a few true Clapperboard clips of 2 s with captions and known events.

    Returns:
        The scores of the clips, with the same clips as their reference.

    Raises:
        AssertionError: with what is wrong.
    """
    assert metric.version >= 1, f"{metric.name} has version {metric.version}: versions count from 1"
    assert metric.source.paper, f"{metric.name} does not say where its definition comes from"
    assert all(one.licence and one.home for one in metric.weights), f"weights of {metric.name} have no licence or home"
    assert metric.gives, f"{metric.name} does not say which scores it gives"
    assert len(set(metric.gives)) == len(metric.gives), f"{metric.name} gives a score twice"
    subjects = true_clips() if clips is None else list(clips)
    records = _measured(metric, subjects)
    assert records, f"none of the {len(subjects)} clips counts for {metric.name}"
    _check_nothing(metric)
    found = _check_scores(metric, records)
    again = _measured(metric, subjects)
    assert _rows(metric, again) == _rows(metric, records), "the same clips give two scores"
    _check_order(metric, records)
    return found


def true_clips(count: int = CLIPS) -> list[Subject]:
    """Held-out Clapperboard clips as they are, with captions and events."""
    scenes = [sample_scene(HELD_OUT + i, seconds=SHAPE.seconds) for i in range(count)]
    return [Subject(f"scene {one.seed}", render(one, SHAPE), one.caption, one.events) for one in scenes]


def _measured(metric: Metric[Any], subjects: Iterable[Subject]) -> list[Any]:
    """Records of those clips that count, each measured on a copy that must stay as it is."""
    records = []
    for subject in subjects:
        frames, sound = subject.whole().map(np.copy)
        clip = Clip(frames, sound, subject.clip.fps, subject.clip.sample_rate)
        copy = Subject(subject.name, clip, subject.prompt, subject.truth)
        records.append(metric.measure(copy))
        kept = subject.whole().map(np.array_equal, copy.whole())
        assert all(kept), f"{metric.name} changes the clips that it measures"
    return [record for record in records if record is not None]


def _check_nothing(metric: Metric[Any]) -> None:
    empty = metric.scores([], None, SEED)
    _check_rows(metric, empty, 0)
    assert all(score.value is None for score in empty), "there is a score without clips"


def _check_scores(metric: Metric[Any], records: Sequence[Any]) -> list[Score]:
    alone, compared = (metric.scores(records, reference, SEED) for reference in (None, records))
    for scores in (alone, compared):
        _check_rows(metric, scores, len(records))
    has_value = any(score.value is not None for score in alone)
    assert has_value != metric.needs_reference, (
        f"{metric.name} needs reference clips, but has a value without" if has_value else f"{metric.name} has no value"
    )
    assert any(score.value is not None for score in compared), f"{metric.name} has no value with reference clips"
    return compared


def _check_rows(metric: Metric[Any], scores: Sequence[Score], most: int) -> None:
    names = tuple(score.name for score in scores)
    assert names == tuple(metric.gives), f"{metric.name} says that it gives {metric.gives}, but gives {names}"
    for score in scores:
        assert score.definition == f"{metric.name}@{metric.version}", f"{score.name} is defined as {score.definition}"
        assert score.seed == SEED, f"{score.name} forgets its seed"
        assert 0 <= score.n <= most, f"{score.name} rests on {score.n} of {most} clips"
        numbers = (score.value, *(score.interval or ()), score.chance, score.ceiling)
        assert all(math.isfinite(one) for one in numbers if one is not None), f"{score.name} is not finite: {numbers}"
        assert list(score.interval or ()) == sorted(score.interval or ()), f"{score.name}'s interval is upside down"
        json.dumps(score.to_json(), allow_nan=False)


def _check_order(metric: Metric[Any], records: list[Any]) -> None:
    """Values only: intervals and chance levels are drawn at random over the clips in their order."""
    forth, back = (metric.scores(order, records, SEED) for order in (records, records[::-1]))
    for one, other in zip(forth, back, strict=True):
        same = one.value == other.value if one.value is None or other.value is None else _near(one.value, other.value)
        assert same, f"{one.name} depends on the order of the clips"


def _rows(metric: Metric[Any], records: Sequence[Any]) -> list[dict[str, Any]]:
    return [score.to_json() for score in metric.scores(records, records, SEED)]


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)

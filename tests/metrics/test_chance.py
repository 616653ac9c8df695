"""Where picture and sound have nothing to do with each other, a metric's value is what it calls chance."""

from __future__ import annotations

import numpy as np
import pytest

from phonofilm.metrics import Metric
from phonofilm.metrics._features.peaks import Peaks
from phonofilm.metrics._kinds.agreement import Two
from phonofilm.metrics._maths.resample import lasting
from phonofilm.metrics.avalign_svg import AvAlignSvg
from phonofilm.metrics.avalign_tempotokens_2023 import AvAlignTempoTokens2023
from phonofilm.metrics.avalign_tempotokens_2025 import AvAlignTempoTokens2025
from phonofilm.metrics.event_sync import EventSync, Timing

RNG = np.random.default_rng(0)
LENGTHS = {"of one length": [6.0] * 200, "of many lengths": list(RNG.permutation(np.linspace(1, 12, 200)))}


def times(seconds: float) -> np.ndarray:
    """Two a second, at random."""
    return np.sort(RNG.uniform(0, seconds, RNG.poisson(2 * seconds)))


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("metric", [AvAlignSvg(), AvAlignTempoTokens2023(), AvAlignTempoTokens2025(), EventSync()])
def test_sound_that_belongs_to_nothing_scores_chance(metric: Metric, lengths: list[float]) -> None:
    clips = [(times(seconds), times(seconds), 1 / 8, seconds) for seconds in lengths]
    kind = Timing if isinstance(metric, EventSync) else Peaks
    found = [kind(*clip) for clip in clips]
    records = [Two(one, one) for one in found] if hasattr(metric, "agree") else found
    scores = [one for one in metric.scores(records, None, 0) if one.chance is not None]
    assert scores
    for one in scores:
        assert one.value == pytest.approx(one.chance, rel=0.2), one.name


def test_a_signed_offset_has_no_chance() -> None:
    found = [Timing(times(10), times(10), 1 / 8, 10.0) for _ in range(20)]
    assert {one.name for one in EventSync().scores(found, None, 0) if one.chance is None} == {"event-offset-median"}


def test_a_sound_is_cut_or_begins_again() -> None:
    heard = np.array([0.5, 1.5])
    assert lasting(heard, 2.0, 2.0) is heard
    assert lasting(heard, 2.0, 1.0).tolist() == [0.5]
    assert lasting(heard, 2.0, 5.0).tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert lasting(heard, 2.0, 2.5).tolist() == [0.5, 1.5], "what begins at the end is not heard"
    assert lasting(np.empty(0), 2.0, 5.0).size == 0

"""Every metric that is found by name keeps the contract."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from phonofilm.estimate import mean
from phonofilm.metrics import OURS, Better, Metric, Score, Source, Subject, find, kind, names
from phonofilm.testing import check_metric
from phonofilm.testing.metric import true_clips
from tests.contract.directions import DIRECTIONS
from tests.metrics.tiny import everything


@pytest.fixture(scope="module")
def clips() -> list[Subject]:
    return true_clips()


@pytest.mark.parametrize("name", names())
def test_a_metric_keeps_the_contract(
    name: str, clips: list[Subject], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = find(name, everything(tmp_path, monkeypatch))
    assert metric.name == name
    found = {one.name: (one.better, one.unit) for one in check_metric(metric, clips)}
    assert found == {one: DIRECTIONS.get(one, way) for one, way in found.items()}


def test_every_score_has_its_direction_written_out() -> None:
    given = [score for name in names() for score in kind(name).gives]
    assert sorted(given) == sorted(DIRECTIONS)


class Loudness(Metric[float]):
    """The loudest sample."""

    name, version, gives, source = "loudness", 1, ("loudness",), OURS

    def measure(self, subject):
        return float(abs(subject.clip.audio).max())

    def scores(self, measured, reference, seed):
        return [self.score(mean(self.values(measured), seed, empty="there are no clips"), len(measured), seed)]

    def values(self, measured):
        return measured

    def score(self, found, n, seed):
        return Score.of(self, self.name, found, Better.HIGHER, n=n, seed=seed)


class Unborn(Loudness):
    version = 0


class Unfounded(Loudness):
    source = Source("")


class Misnamed(Loudness):
    gives = ("loudness", "softness")


class Random(Loudness):
    drawn = count()

    def measure(self, subject):
        return float(next(self.drawn))


class Deafening(Loudness):
    def measure(self, subject):
        subject.clip.audio[:] = 1
        return 1.0


class Infinite(Loudness):
    def score(self, found, n, seed):
        return super().score(replace(found, value=math.inf) if n else found, n, seed)


class Sure(Loudness):
    def scores(self, measured, reference, seed):
        return super().scores(measured or [1.0], reference, seed)


class Seedless(Loudness):
    def score(self, found, n, seed):
        return super().score(found, n, 0)


class Needless(Loudness):
    needs_reference = True


class First(Loudness):
    def values(self, measured):
        return measured[:1]


class Picky(Loudness):
    def measure(self, subject):
        return None


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (Unborn, "version 0"),
        (Unfounded, "where its definition comes from"),
        (Misnamed, "says that it gives"),
        (Random, "two scores"),
        (Deafening, "changes the clips"),
        (Infinite, "not finite"),
        (Sure, r"rests on 1 of 0 clips"),
        (Seedless, "forgets its seed"),
        (Needless, "has a value without"),
        (First, "order of the clips"),
        (Picky, "none of the 4 clips counts"),
    ],
)
def test_a_broken_metric_is_found_out(kind: type[Loudness], complaint: str, clips: list[Subject]) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_metric(kind(), clips)


def test_a_sound_small_metric_passes() -> None:
    check_metric(Loudness())

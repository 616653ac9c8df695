from __future__ import annotations

from fractions import Fraction

import pytest

from phonofilm.benchmarks import scoring
from phonofilm.benchmarks.scoring import Scorer
from phonofilm.benchmarks.sources import Truth
from phonofilm.benchmarks.task import Task
from phonofilm.codecs import Codec
from phonofilm.codecs.identity import Pictures, Sound
from phonofilm.errors import SettingError
from phonofilm.estimate import mean
from phonofilm.metrics import Better, Metric, Score
from phonofilm.metrics._score import OURS
from phonofilm.shapes import ClipShape

TASK = Task(3, ClipShape(Fraction(1), Fraction(2), 14, 22, 8000))


class Loudness(Metric[float]):
    """The loudest sample; says how many reference clips it was given."""

    name, version, source = "loudness", 1, OURS

    def measure(self, subject):
        return float(abs(subject.clip.audio).max())

    def scores(self, measured, reference, seed):
        given = 0 if reference is None else len(reference)
        return [Score.of(self, self.name, mean(measured, seed, empty="-"), Better.HIGHER, n=given, seed=seed)]


class Compared(Loudness):
    needs_reference = True


def test_a_metric_looks_only_at_rows_that_it_has_not_scored(tmp_path, monkeypatch):
    asked = []

    class Counting(Loudness):
        source = OURS

        def __init__(self, name):
            self.name = name

        def measure(self, subject):
            asked.append(self.name)
            return super().measure(subject)

    monkeypatch.setattr(scoring, "find", lambda name, given: Counting(name))
    codec = Codec(Pictures(), Sound())
    one = Scorer(TASK, codec, tmp_path, ("loudness",)).score(Truth(TASK), lambda clips: None)
    both = Scorer(TASK, codec, tmp_path, ("other", "loudness"))
    assert both.finished(Truth(TASK)) is None
    row = both.score(Truth(TASK), lambda clips: None)
    assert asked == ["loudness"] * 3 + ["other"] * 3
    assert list(row["scores"]) == ["other", "loudness"]
    assert row["scores"]["loudness"] == one["scores"]["loudness"]
    assert both.finished(Truth(TASK)) == row


@pytest.mark.parametrize(("metric", "given"), [(Loudness, 0), (Compared, 3)])
def test_reference_clips_go_to_the_metrics_that_say_so(metric, given, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "find", lambda name, codec: metric())
    scorer = Scorer(TASK, Codec(Pictures(), Sound()), tmp_path, ("loudness",))
    row = scorer.score(Truth(TASK), lambda clips: None)
    assert row["scores"]["loudness"]["n"] == given


class Breaking(Loudness):
    def measure(self, subject):
        raise KeyError("gone")


def test_a_metric_that_breaks_ends_the_run_and_nothing_of_the_row_is_kept(tmp_path, monkeypatch):
    """A row without it would be found again by every later run, as if it were finished."""
    monkeypatch.setattr(scoring, "find", lambda name, codec: Breaking())
    scorer = Scorer(TASK, Codec(Pictures(), Sound()), tmp_path, ("loudness",))
    with pytest.raises(SettingError, match=r"loudness: KeyError: 'gone'.*test_scoring.py.*scene"):
        scorer.score(Truth(TASK), lambda clips: None)
    assert not list(tmp_path.iterdir())

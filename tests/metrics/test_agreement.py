"""What all metrics of agreement share: records that stay where they are, and a chance level that is soon had."""

from collections.abc import Sequence

import numpy as np
import pytest

from phonofilm.metrics import About, Source
from phonofilm.metrics._kinds.agreement import WRONG_PAIRS, Agreement, cosine, cosines


class Alike(Agreement[np.ndarray, np.ndarray]):
    """1 for the two things of one clip, 0 for those of two."""

    name, version, source, about = "alike", 1, Source("-"), About()

    def __init__(self):
        self.asked = 0

    def measure(self, subject):
        return None

    def agree(self, one, other):
        self.asked += 1
        return float(one[0] == other[0])


class OnDisk(Sequence):
    """Records that are made when they are looked at; it knows how many are alive."""

    def __init__(self, count):
        self.count, self.alive, self.most = count, 0, 0

    def __len__(self):
        return self.count

    def __getitem__(self, place):
        if not 0 <= place < self.count:
            raise IndexError(place)
        self.alive += 1
        self.most = max(self.most, self.alive)
        return Watched(self, place)


class Watched:
    def __init__(self, owner, place):
        self.owner, self.one, self.other = owner, np.array([place]), np.array([place])

    def __del__(self):
        self.owner.alive -= 1


@pytest.mark.parametrize("count", [2, 30, 700, 1500])
def test_records_come_and_go_and_wrong_pairs_are_no_more_than_it_takes(count):
    metric, records = Alike(), OnDisk(count)
    score = metric.scores(records, None, 0)[0]
    assert (score.value, score.chance, score.n) == (1, 0, count)
    assert records.most <= 3
    assert metric.asked - count < WRONG_PAIRS + count


def test_cosines_are_those_of_each():
    rng = np.random.default_rng(0)
    many, one = rng.standard_normal((5, 7)).astype(np.float32), rng.standard_normal(7).astype(np.float32)
    expected = [float(np.dot(a, one)) / float(np.linalg.norm(a) * np.linalg.norm(one)) for a in many.astype(float)]
    assert cosines(many, one) == pytest.approx(expected, rel=1e-6)
    assert cosine(many[2], one) == pytest.approx(expected[2], rel=1e-6)

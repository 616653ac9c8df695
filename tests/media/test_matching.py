"""Pictures that tell nothing one by one are found as a stretch; what truly cannot be told apart is not."""

from __future__ import annotations

import numpy as np
import pytest

from phonofilm.media.matching import Moments, find_in_order

FPS = 30
SIZE = (24, 32)


def moments(greys: np.ndarray, first: int, count: int, late: float = 0.0, coarse: float = 0.0) -> Moments:
    """Some of the pictures, as a clip that begins with the first of them or by ``late`` seconds after it should."""
    chosen = greys[first : first + count].astype(np.float64)
    coded = chosen + np.random.default_rng(1).normal(0, coarse, chosen.shape)
    return Moments(np.arange(count) / FPS - late, np.clip(coded, 0, 255).astype(np.uint8))


def film(greys: np.ndarray, place: int) -> Moments:
    return Moments((np.arange(len(greys)) - place) / FPS, greys)


def drawn(levels: np.ndarray) -> np.ndarray:
    """A picture of random blocks for each row of numbers."""
    return np.repeat(np.repeat(levels.reshape(-1, 6, 8), 4, 1), 4, 2).astype(np.uint8)


def twice(count: int = 90) -> np.ndarray:
    """A film that shows each picture twice."""
    return np.repeat(drawn(np.random.default_rng(0).integers(0, 255, (count // 2, 48))), 2, axis=0)


def counter(count: int = 90) -> np.ndarray:
    """A still picture with a small counter in its corner, too small to count over the whole of it."""
    greys = np.full((count, *SIZE), 90, np.uint8)
    greys[:, :3, :3] = np.random.default_rng(0).integers(60, 120, (count, 3, 3))
    return greys


def clock(count: int = 90) -> np.ndarray:
    """A still picture with a small counter of tenths that begins anew ten times, and one of what those make."""
    greys = np.full((count, *SIZE), 90, np.uint8)
    digits = np.random.default_rng(0).integers(60, 120, (10, 3, 3))
    greys[:, :3, :3] = digits[np.arange(count) % 10]
    greys[:, :3, 6:9] = digits[np.arange(count) // 10]
    return greys


@pytest.mark.parametrize("made", [twice, counter, clock])
@pytest.mark.parametrize("late", [0, 1, -3, 8])
def test_a_stretch_of_pictures_is_found_to_the_picture(made, late):
    greys = made()
    found = find_in_order(moments(greys, 30 + late, 40, coarse=1.0), film(greys, 30), 1)
    assert found.doubt is None
    assert found.errors == pytest.approx([late / FPS] * 3, abs=1e-6)


@pytest.mark.parametrize("made", [twice, counter])
def test_a_picture_that_is_lost_on_the_way_makes_what_follows_late(made):
    greys = made()
    lost = moments(np.delete(greys, 50, axis=0), 30, 40)
    assert find_in_order(lost, film(greys, 30), 1).errors[-1] == pytest.approx(1 / FPS, abs=1e-6)
    assert find_in_order(lost, film(greys, 30), 1).errors[0] == pytest.approx(0, abs=1e-6)


def test_time_stamps_that_are_late_by_less_than_a_picture_are_found():
    greys = counter()
    found = find_in_order(moments(greys, 30, 40, late=0.01), film(greys, 30), 1)
    assert found.errors == pytest.approx([0.01] * 3, abs=1e-6)


def test_noise_of_the_coding_alone_is_not_matched():
    still = np.full((90, *SIZE), 90, np.uint8)
    assert find_in_order(moments(still, 30, 40, coarse=2.0), film(still, 30), 1).errors == ()


def test_what_comes_again_is_not_matched():
    greys = np.tile(counter(10), (9, 1, 1))
    assert find_in_order(moments(greys, 30, 40), film(greys, 30), 1).errors == ()


def test_a_stretch_of_another_film_is_not_matched():
    other = counter()[::-1].copy()
    other[:, :3, :3] = 250 - other[:, :3, :3]
    assert find_in_order(moments(other, 30, 40), film(counter(), 30), 1).errors == ()

from __future__ import annotations

import dataclasses

import pytest

from phonofilm.pair import AV


def test_map_keeps_the_sides_apart():
    assert AV(10, 20).map(lambda own, a, b: own + a * b, AV(1, 2), AV(3, 4)) == AV(13, 28)


def test_a_missing_side_stays_missing_wherever_it_is_missing():
    called = []
    assert AV(1, 2).map(lambda *sides: called.append(sides) or len(sides), AV(None, 5)) == AV(None, 2)
    assert AV(None, 2).map(lambda own: own + 1) == AV(None, 3)
    assert called == [(2, 5)]


def test_none_is_missing_but_nothing_and_zero_are_not():
    assert AV(0, "").map(lambda side: [side]) == AV([0], [""])


def test_both_swap_present_and_order():
    assert AV.both(3) == AV(3, 3)
    assert AV(1, 2).swap() == AV(2, 1)
    assert tuple(AV(1, 2)) == (1, 2)
    assert AV(None, 0).present() == (0,)
    assert AV(1, 2).present() == (1, 2)


def test_a_pair_cannot_be_changed_and_can_be_a_key():
    pair = AV(1, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair.video = 3
    assert {AV(1, 2): "same"}[pair] == "same"

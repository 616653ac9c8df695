"""Alarms ring for what fails silently, once, and stay quiet otherwise."""

import torch

from phonofilm.pair import AV
from phonofilm.training.alarms import Alarms

GOOD = AV(torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(0)), torch.randn(3, 7))


def test_a_healthy_run_is_quiet() -> None:
    alarms = Alarms(patience=5)
    assert all(not alarms.check(GOOD, AV.both(0.5), AV.both(2.0), AV.both(1.0)) for _ in range(50))


def test_a_silent_batch_is_named_once_until_it_goes_away() -> None:
    alarms = Alarms()
    silent = AV(GOOD.video, torch.ones(3, 7))
    first, again = (alarms.check(silent, AV.both(0.5), AV.both(2.0), AV.both(1.0)) for _ in range(2))
    assert len(first) == 1 and first[0].startswith("audio") and "silent" in first[0] and not again
    assert not alarms.check(GOOD, AV.both(0.5), AV.both(2.0), AV.both(1.0))
    assert alarms.check(silent, AV.both(0.5), AV.both(2.0), AV.both(1.0)) == first


def test_no_gradient_and_no_progress_are_told_per_modality() -> None:
    alarms = Alarms(patience=10)
    told: list[str] = []
    for _ in range(300):
        told += alarms.check(GOOD, AV(0.5, 2.0), AV.both(2.0), AV(0.0, 1.0))
    assert sum("no gradient" in one and one.startswith("video") for one in told) == 1
    assert sum("predicting zero" in one and one.startswith("audio") for one in told) == 1
    assert len(told) == 2


def test_a_missing_modality_is_no_reason_to_complain() -> None:
    alarms = Alarms(patience=1)
    assert not alarms.check(AV(GOOD.video, None), AV(0.5, None), AV(2.0, None), AV(1.0, None))


def test_a_loss_that_is_not_finite_rings() -> None:
    told = Alarms().check(GOOD, AV(float("nan"), 0.5), AV.both(2.0), AV.both(1.0))
    assert any("not finite" in one for one in told)


def test_a_text_encoder_that_gives_one_vector_to_all_texts_is_named_once() -> None:
    generator = torch.Generator().manual_seed(0)
    pooled = torch.randn(1, 16, generator=generator).expand(8, 16)
    noise = torch.randn(8, 16, generator=generator)
    alarms = Alarms()
    states = torch.randn(8, 5, 16, generator=generator)
    deaf = AV(states, pooled + 0.01 * noise)
    first = alarms.check_text(deaf)
    assert len(first) == 1 and first[0].startswith("audio") and "different texts" in first[0]
    assert not alarms.check_text(deaf)
    assert not alarms.check_text(AV(states, pooled + 0.3 * noise))
    assert alarms.check_text(deaf) == first
    assert not alarms.check_text(AV(states, None))

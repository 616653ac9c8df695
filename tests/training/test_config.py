"""Training settings: strict, with errors that offer the nearest name."""

from itertools import pairwise
from pathlib import Path

import pytest

from phonofilm.errors import SettingError
from phonofilm.training.config import Stage, TrainConfig, with_overrides

BASE = {"model": Path("m"), "out": Path("o"), "stage": "joint"}


def test_overrides_reach_into_records_and_keep_the_rest() -> None:
    config = with_overrides(BASE, ["batch=7", "noise.mean=0.5", "learning_rate=2e-4", "precision=float32"])
    assert (config.batch, config.noise.mean, config.noise.std, config.learning_rate) == (7, 0.5, 1.0, 2e-4)
    assert config.stage is Stage.JOINT


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("batchs=7", "did you mean 'batch'"),
        ("batch", "key=value"),
        ("batch=-1", "batch"),
        ("noise.men=1", "men"),
        ("stage=vdeo", "stage"),
        ("precision=fp8", "precision"),
        ("batch=[", "'batch=\\[' is not a setting: '\\[' is no value, write for example batch=8"),
        ("batch.x=1", "batch"),
        ("model.x=1", "model"),
    ],
)
def test_bad_overrides_are_one_clear_sentence(override: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        with_overrides(BASE, [override])


def test_rate_warms_up_holds_and_cools_to_zero() -> None:
    config = TrainConfig(model=Path("m"), out=Path("o"), stage=Stage.VIDEO, clips=1600, batch=16, warmup=10,
                         cooldown=0.4, learning_rate=2.0)  # fmt: skip
    rates = [config.rate(step) for step in range(config.steps)]
    assert config.steps == 100
    assert rates[0] == pytest.approx(0.2) and rates[9:60] == pytest.approx([2.0] * 51)
    assert all(later < earlier for earlier, later in pairwise(rates[60:]))
    assert 0 < rates[-1] <= 2.0 / 40 + 1e-12

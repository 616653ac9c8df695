from __future__ import annotations

import pytest
import torch

from phonofilm.errors import SettingError
from phonofilm.pipelines.device import CPU, pick


@pytest.fixture(params=[0, 2])
def gpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with so many GPUs, as far as torch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)
    return request.param


def test_auto_takes_a_gpu_where_there_is_one(gpus: int) -> None:
    assert pick("auto") == (torch.device("cuda") if gpus else CPU)
    assert pick("cpu") == CPU


@pytest.mark.parametrize(("name", "needed"), [("cuda", 1), ("cuda:0", 1), ("cuda:1", 2), ("cuda:2", 3)])
def test_a_gpu_that_is_not_there_is_refused(gpus: int, name: str, needed: int) -> None:
    if gpus >= needed:
        assert pick(name) == torch.device(name)
        return
    with pytest.raises(SettingError, match=r"there is no CUDA device.* here: choose --device cpu"):
        pick(name)


@pytest.mark.parametrize("name", ["", "tpu", "cuda:", "cuda:one", "cuda:-1", "cpu:0", "auto:1", "cudaa"])
def test_an_unknown_device_is_refused(gpus: int, name: str) -> None:
    with pytest.raises(SettingError, match="unknown device"):
        pick(name)

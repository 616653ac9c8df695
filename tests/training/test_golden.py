"""Twenty steps of the smallest svg model, number by number: whatever changes training shows here first.

The numbers are those of this very run (``losses`` below, printed) with torch 2.13 on one x86 core. A change that is
meant to change training replaces them, and says so in docs/log.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phonofilm.data.latents import build
from phonofilm.models import load, save
from phonofilm.pair import AV
from phonofilm.training.config import Stage, TrainConfig
from phonofilm.training.loop import run
from tests.training.test_loop import small_model

STEPS, BATCH, SCENES = 20, 2, 5
# fmt: off
CURVE = AV(
    (1.132, 1.143, 1.127, 1.082, 1.068, 1.091, 1.033, 1.072, 1.029, 1.055,
     1.042, 0.9973, 1.042, 1.031, 1.023, 0.982, 0.9908, 0.9806, 0.9949, 1.022),
    (1.184, 1.165, 1.154, 1.135, 1.179, 1.123, 1.143, 1.119, 1.134, 1.107,
     1.083, 1.102, 1.123, 1.073, 1.093, 1.101, 1.064, 1.068, 1.1, 1.053),
)
# fmt: on
TOLERANCE = 0.005  # relative; without PyTorch's vector kernels (ATEN_CPU_CAPABILITY=default) all four digits stay


def losses(folder: Path) -> AV[tuple[float, ...]]:
    """Losses of the joint stage, a number a step."""
    model = small_model()
    save(model, folder / "model")
    build(folder / "latents", load(folder / "model").codec, model.shape, 0, SCENES, shard=SCENES)
    settings = {"clips": STEPS * BATCH, "batch": BATCH, "warmup": 5, "threads": 1, "validate_every": 0}
    places = {"model": folder / "model", "latents": folder / "latents", "out": folder / "out"}
    run(TrainConfig.model_validate({**places, **settings, "stage": Stage.JOINT}), quiet=True)
    rows = [json.loads(line) for line in (folder / "out" / "log.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "step" in row]
    return AV(tuple(row["loss/video"] for row in rows), tuple(row["loss/audio"] for row in rows))


def test_the_loss_curve_is_the_one_on_record(tmp_path: Path) -> None:
    found = losses(tmp_path)
    for side, expected in zip(found, CURVE, strict=True):
        assert side == pytest.approx(expected, rel=TOLERANCE)

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
    (1.131, 1.144, 1.129, 1.084, 1.068, 1.092, 1.034, 1.071, 1.029, 1.056,
     1.042, 0.9982, 1.042, 1.031, 1.022, 0.9828, 0.992, 0.9819, 0.9951, 1.022),
    (1.185, 1.166, 1.158, 1.136, 1.18, 1.123, 1.143, 1.122, 1.135, 1.107,
     1.085, 1.103, 1.123, 1.073, 1.094, 1.1, 1.065, 1.068, 1.1, 1.053),
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

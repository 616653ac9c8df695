"""A film that the networks need not make smaller, and plug-ins with small random weights."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.data.ingest.rows import ScoreRow
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.score import Scoring, SplitSource, score
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.media.clip import Clip
from phonofilm.media.write import write
from tests.metrics.tiny import imagebind, synchformer

FPS, RATE = Fraction(25), 16_000
GIVE = {"imagebind": imagebind.give, "synchformer": synchformer.give}
"""What makes the weights of each plug-in that ships."""


def noisy(seconds: Fraction | int, side: int = 224, seed: int = 0, sound: bool = True) -> Clip:
    """Blocks of noise that change with every frame, and noise that swells."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (int(seconds * FPS), 8, 10, 3), np.uint8)
    frames = frames.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    samples = rng.uniform(-0.5, 0.5, (2, int(seconds * RATE))).astype(np.float32)
    return Clip(frames, samples * np.linspace(0, 1, samples.shape[1], dtype=np.float32) if sound else None, FPS, RATE)


def film(path: Path, clip: Clip, **settings: int) -> SplitSource:
    """That clip as a film, split with these settings."""
    write(clip, path, lossless=True)
    (row,) = scan(Scan(silent=True), Film(path.parent, path.name))
    assert row.reason is None, row.message
    return SplitSource(path, row, tuple(split(Split.model_validate(settings), Scanned(path, row))))


def place(name: str, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """A plug-in as ``--plugin`` names it; its network is made small."""
    folder.mkdir(exist_ok=True, parents=True)
    return f"{name}={GIVE[name](folder, patch)[name]}"


def scoring(*places: str) -> Scoring:
    """Settings of these plug-ins and one measure."""
    return Scoring.model_validate({"measures": ["cuts"], "plugins": places})


def scored(source: SplitSource, *places: str) -> list[ScoreRow]:
    """The clips of a film measured by these plug-ins."""
    return score(scoring(*places), source)

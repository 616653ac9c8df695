"""What the documentation shows is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from phonofilm.data.ingest.card import Card
from phonofilm.data.ingest.measures import measures
from phonofilm.data.packed.shards import pack
from tests.data.packed.packs import in_order, sample

PREPARE = (Path(__file__).parent.parent / "docs" / "prepare.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PREPARE, re.DOTALL | re.MULTILINE)


def test_packed_clips_are_read_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [sample(number, seconds=2) for number in (1, 2, 3, 5, 6)]  # of the training split
    pack(in_order(samples), tmp_path / "packed", sources=[])
    monkeypatch.chdir(tmp_path)
    (shown,) = blocks("python")
    names: dict[str, object] = {}
    exec(shown.replace("workers=2", "workers=0").replace("batch=4", "batch=5"), names)  # noqa: S102, our own text
    assert tuple(names["pictures"].shape) == (5, 16, 64, 64, 3)
    assert tuple(names["sound"].shape) == (5, 1, 32000)
    assert names["present"].all()
    assert names["state"]["batch"] == 1


def test_the_card_that_is_shown_is_one() -> None:
    card = Card.model_validate(yaml.safe_load(next(block for block in blocks("yaml") if "licence:" in block)))
    assert card.front_matter() == {"license": "cc-by-4.0"}


def test_every_measure_is_described() -> None:
    for name, measure in measures().items():
        assert f"| `{name}` | {measure.meaning} |" in PREPARE

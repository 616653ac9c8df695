"""The bench of cut clips: each recipe makes what its name says, and what cannot be judged is counted."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from phonofilm.media import write
from phonofilm.media.decoders import Library
from phonofilm.media.matching import Doubt
from phonofilm.pair import AV
from tests.media.cuttable import lively


@pytest.fixture
def skew(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    return importlib.import_module("cut_skew")


@pytest.fixture
def cutting(skew: ModuleType) -> ModuleType:
    return importlib.import_module("_cutting")


def test_our_clips_of_a_film_are_exact_and_a_planted_delay_is_measured(
    skew: ModuleType, cutting: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    write(lively(), folder / "film.mkv", lossless=True)
    places = list(cutting.random_places(folder, 2, Fraction(1), 0))
    made = cutting.OURS.clips(places, tmp_path)
    first = next(made)
    exact = skew.judged(first, Library())
    assert (exact.start, exact.skew, exact.naive) == pytest.approx((0, 0, 0), abs=0.1)
    late = skew.judged(
        cutting.Made(first.clip, first.film, first.wanted - Fraction(1, 5), first.length, first.reach), Library()
    )
    assert late.start == pytest.approx(200, abs=0.1)
    assert late.skew == pytest.approx(0, abs=0.1)
    assert len(list(made)) == 1


def test_a_segment_copy_begins_at_the_key_picture_after_the_time_asked_for(
    skew: ModuleType, cutting: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    write(lively(), folder / "whole.mkv", lossless=True)
    words = ["-i", str(folder / "whole.mkv"), "-c:v", "libx264", "-g", "30", "-bf", "0", "-sc_threshold", "0"]
    assert cutting._run(*words, "-c:a", "flac", str(folder / "film.mkv"))
    (folder / "whole.mkv").unlink()
    places = list(cutting.random_places(folder, 1, Fraction(1), 0))
    (recipe,) = [one for one in cutting.RECIPES if one.name == "`-f segment -c copy`"]
    results = [skew.judged(made, Library()) for made in recipe.clips(places, tmp_path)]
    assert [result.start for result in results] == pytest.approx([0, 200, 400], abs=25), "key pictures at 1.2 and 2.4 s"


def test_what_cannot_be_judged_is_counted_by_its_reason(skew: ModuleType) -> None:
    silent = skew.Result("a", True, 0.0, doubts=AV(None, Doubt.SILENT))
    black = skew.Result("b", True, doubts=AV(Doubt.STATIC, Doubt.SILENT))
    results = [silent, silent, black, skew.Result("a"), skew.Result("a", True, 0.0, 0.0, 0.0)]
    assert skew.why_not(results) == {("found", "silent"): 2, ("static", "silent"): 1}
    row = skew.table_row("ours", results)
    assert (row["clips"], row["no picture or sound"], row["start judged"], row["skew judged"]) == (5, 1, 3, 1)
    assert [line.split(" | ")[1:] for line in skew.reasons_table(skew.by_film(results), "film").splitlines()[2:]] == [
        ["found", "silent", "2 of 4 |"],
        ["static", "silent", "1 of 1 |"],
    ]
    assert skew.table_row("none", [black])["skew: max, ms"] is None

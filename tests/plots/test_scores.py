"""Scores as tables and pictures, from their JSON alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonofilm.errors import SettingError
from phonofilm.plots.scores import latex, markdown, rows, save_scores


def score(name, value, unit="", better="higher", interval=None, chance=None, ceiling=None):
    return {
        "name": name, "value": value, "unit": unit, "better": better, "interval": interval,
        "chance": chance, "ceiling": ceiling, "n": 7, "definition": "d_x@1", "excluded": 2,
        "method": "bootstrap" if interval else "", "reason": "no_weights" if value is None else None,
    }  # fmt: skip


def report(*scores):
    return {"scores": {one["name"]: one for one in scores}}


OURS = report(
    score("f1", 0.8, interval=[0.7, 0.9], chance=0.3, ceiling=1.0), score("late_%", -3.25, "ms", "nearer zero")
)
THEIRS = report(score("f1", 0.6), score("fad", None, better="lower"))


def test_one_system_has_all_that_stands_beside_its_values():
    lines = markdown({"ours": OURS}).splitlines()
    assert lines[0] == "|  | value, 95 % | chance | reference | n | left out | reference n | definition |"
    assert lines[2] == "| f1, higher is better | 0.8 (0.7 to 0.9) | 0.3 | 1 | 7 | 2 |  | d_x@1 |"
    assert lines[3] == "| late_% (ms), nearer zero is better | -3.25 |  |  | 7 | 2 |  | d_x@1 |"


def test_what_the_table_does_not_show_stands_below_it():
    known = {
        **THEIRS,
        "skipped": {"a.mp4": "a.mp4 is empty", "b.mp4": "b.mp4 is empty"},
        "refused": {"d_x@1": {"c.mp4": "too short"}},
        "uncounted": {"d_x@1": {"d.mp4": "it has no sentence"}, "e@1": {"d.mp4": "it has no sentence"}},
        "counted": {"d_x@1": ["f.mp4"], "e@1": []},
        "references": {"d_x@1": {"clips": 40, "digest": "ab"}},
        "notes": ["films differ in their rates"],
    }
    page = markdown({"theirs": known})
    assert "| 7 | 2 | 40 | d_x@1 |" in page
    assert page.splitlines()[5:] == [
        "* skipped 2 films, such as a.mp4 is empty",
        "* d\\_x@1 left out 1 film, such as c.mp4: too short",
        "* d\\_x@1 does not count 1 film, such as d.mp4: it has no sentence",
        "* no value for fad: no\\_weights",
        "* films differ in their rates",
    ]
    both = latex({"ours": OURS, "theirs": known})
    assert "% ours: 95 %: bootstrap\n" in both and "% theirs: no value for fad: no_weights\n" in both


def test_intervals_of_two_kinds_are_told_by_their_scores():
    known = report(*(score(name, 1.0, interval=[0.0, 2.0]) for name in ("f1", "f2", "fad")))
    known["scores"]["fad"]["method"] = "jackknife"
    assert markdown({"ours": known}).splitlines()[6:] == [
        "* 95 % of f1, f2: bootstrap",
        "* 95 % of fad: jackknife",
        "* 95 %: fewer than 20 clips count, and intervals of so few are rough",
    ]


def test_intervals_of_few_clips_are_called_rough():
    known = report(*(score(name, 1.0, interval=[0.0, 2.0]) for name in ("f1", "f2")), score("f3", 1.0))
    known["scores"]["f1"]["n"] = 20
    line = "* 95 % of f2: fewer than 20 clips count, and intervals of so few are rough"
    assert markdown({"ours": known}).splitlines()[-1] == line
    known["scores"]["f2"]["n"] = 20
    assert "rough" not in markdown({"ours": known})


def test_several_systems_stand_beside_each_other():
    lines = markdown({"ours": OURS, "theirs": THEIRS}).splitlines()
    assert lines[0] == "|  | ours | theirs |"
    assert lines[2] == "| f1, higher is better | 0.8 (0.7 to 0.9) | 0.6 |"
    assert lines[4] == "| fad, lower is better | none | none |"


def test_latex_reads_no_name_as_a_command():
    text = latex({"our_system": OURS, "50% #1": THEIRS})
    assert r"our\_system & 50\% \#1 \\" in text
    assert r"late\_\% (ms), nearer zero is better & -3.25 & none \\" in text
    assert text.count(r"\\") == 4 and r"\begin{tabular}{lrr}" in text


def test_the_picture_has_chance_and_ceiling():
    shown = rows({"ours": OURS, "theirs": THEIRS})
    assert [row["label"] for row in shown["rows"]] == ["ours", "theirs", "chance", "reference"]
    assert shown["rows"][2]["scores"] == {"f1": {"value": 0.3, "interval": None, "better": "higher"}}
    assert [column["score"] for column in shown["columns"]] == ["f1", "late_%", "fad"]


def test_the_ending_chooses_the_form(tmp_path: Path):
    for ending in ("md", "tex", "png"):
        assert save_scores({"ours": OURS}, tmp_path / f"x.{ending}").stat().st_size > 100
    with pytest.raises(SettingError, match=r"\.md, \.tex, \.csv or \.png"):
        save_scores({"ours": OURS}, tmp_path / "x.pdf")


def test_films_stand_one_by_one_with_what_each_gave_to_every_score(tmp_path: Path):
    def full(*scores, films):
        found = report(*scores)
        return {**found, "counted": {"d_x@1": films}}

    shares = {**score("f1", 0.75), "parts": {"tops": [1, 0, 2], "bottoms": [2, 0, 2]}}
    lags = {**score("late_%", 7.0), "parts": {"values": [[5, 7, 9], [], [-1.25]], "share": 0.5}}
    whole = {**score("fad", 3.0), "parts": {"value": 3.0, "without": [2.0, 4.0], "clips": 3}}
    ours = full(shares, lags, whole, films=["a.mp4", "b, c.mp4", "d.mp4"])
    theirs = full({**score("fad", 4.0), "parts": None}, films=["a.mp4"])
    path = save_scores({"ours": ours, "theirs": theirs}, tmp_path / "x.csv")
    assert path.read_text().splitlines() == [
        "system,film,f1,late_%",
        "ours,a.mp4,0.5,7",
        'ours,"b, c.mp4",,',
        "ours,d.mp4,1,-1.25",
        "theirs,a.mp4,,",
    ]


def test_films_left_out_for_several_reasons_have_an_example_for_each():
    refused = {f"x/{place}.mp4": f"x/{place}.mp4 has no {'sound' if place % 2 else 'picture'}" for place in range(5)}
    known = {**report(score("f1", 1.0, interval=[0, 2])), "refused": {"d_x@1": refused}}
    line = "* d\\_x@1 left out 5 films: 3 such as x/0.mp4 has no picture; 2 such as x/1.mp4 has no sound"
    assert line in markdown({"ours": known}).splitlines()
    known["refused"] = {"d_x@1": {f"x/{place}.mp4": "abcdef"[place] for place in range(6)}}
    assert "; 1 such as x/3.mp4: d; 2 for other reasons" in markdown({"ours": known})


def test_why_there_is_no_interval_stands_below_once():
    known = report(score("f1", 1.0), score("f2", 1e-12))
    for one in known["scores"].values():
        one["method"] = "none: fewer than 40 clips"
    page = markdown({"ours": known})
    assert page.splitlines()[5:] == ["* no interval for f1, f2: fewer than 40 clips"]
    assert "| f2, higher is better | 0 |" in page, "what is left of rounding"

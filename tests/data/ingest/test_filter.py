"""Rules as text, and what they say of values that are known."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from phonofilm.data.ingest.filter import (
    Filtering,
    Missing,
    Relation,
    Rule,
    Weighed,
    parse,
    verdict,
    weighed,
)
from phonofilm.data.ingest.measures import measures
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import ScoreRow
from phonofilm.errors import SettingError

ROW = ScoreRow(
    clip_id="c",
    values={
        "silence_ratio": 0.93,
        "motion": 2.5,
        "av_offset": -0.31,
        "cuts": 3,
        "all_zero": False,
        "lufs": None,
        "sync.offset": 0.1,
    },
    why={"lufs": "the clip is shorter than 0.4 s"},
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("silence_ratio < 0.8", Rule(measure="silence_ratio", relation=Relation.LESS, bound=0.8)),
        ("motion>.5", Rule(measure="motion", relation=Relation.GREATER, bound=0.5)),
        ("abs( av_offset )<=2e-1", Rule(measure="av_offset", absolute=True, relation=Relation.AT_MOST, bound=0.2)),
        ("lufs >= -40", Rule(measure="lufs", relation=Relation.AT_LEAST, bound=-40.0)),
        ("cuts == 0", Rule(measure="cuts", relation=Relation.EQUAL, bound=0.0)),
        ("sync.offset != 1", Rule(measure="sync.offset", relation=Relation.OTHER, bound=1.0)),
        ("all_zero", Rule(measure="all_zero", relation=Relation.EQUAL, bound=True)),
        ("not all_zero", Rule(measure="all_zero", relation=Relation.EQUAL, bound=False)),
    ],
)
def test_a_line_is_a_rule_and_its_words_are_the_same_rule(text: str, rule: Rule) -> None:
    assert parse(text) == [rule] == parse(str(rule))


def test_lines_are_joined_by_and_and_survive_json() -> None:
    settings = Filtering(rules=["silence_ratio<0.8 and motion>0.5", {"rule": "not all_zero", "missing": "keep"}])
    assert [str(rule) for rule in settings.rules] == ["silence_ratio < 0.8", "motion > 0.5", "not all_zero"]
    assert [rule.missing for rule in settings.rules] == [None, None, Missing.KEEP]
    assert Filtering.model_validate_json(settings.model_dump_json()) == settings
    assert Filtering(rules="cuts < 1") == Filtering(rules=("cuts < 1",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "motion >",
        "motion > fast",
        "motion = 3",
        "0.5 < motion",
        "motion > 0.5 or cuts < 1",
        "abs(motion > 1",
        "motion) > 1",
        "motion > 1 and",
        "__import__('os').system('true')",
        "motion.__class__.__name__ > 1",
        "motion > 1e999",
        "not not all_zero",
    ],
)
def test_anything_else_is_no_rule(text: str) -> None:
    with pytest.raises(SettingError, match=r"choose|write for example"):
        Filtering(rules=[text])


def test_recipes_with_other_keys_are_refused() -> None:
    with pytest.raises(SettingError, match="no misssing"):
        Filtering(rules=[{"rule": "cuts < 1", "misssing": "keep"}])
    with pytest.raises(SettingError, match="write keep or drop"):
        Filtering(rules=[{"rule": "cuts < 1", "missing": "maybe"}])
    with pytest.raises(ValidationError):
        Filtering(rules=[{"measure": "cuts"}])
    with pytest.raises(ValidationError):
        Filtering(rules=["cuts < 1"], strict=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("motion > 2", ""),
        ("abs(av_offset) < 0.4", ""),
        ("av_offset < 0.2", ""),
        ("cuts == 3", ""),
        ("not all_zero", ""),
        ("sync.offset <= 0.1", ""),
        ("silence_ratio < 0.8", "silence_ratio is 0.93, the rule asks < 0.8"),
        ("abs(av_offset) <= 0.2", "abs(av_offset) is 0.31, the rule asks <= 0.2"),
        ("cuts < 1", "cuts is 3, the rule asks < 1"),
        ("all_zero", "all_zero is false, the rule asks all_zero"),
        ("motion > 2.5", "motion is 2.5, the rule asks > 2.5"),
        ("lufs > -40", "lufs has no value (the clip is shorter than 0.4 s), the rule asks > -40"),
        ("motion > 3 and cuts < 1", "motion is 2.5, the rule asks > 3; cuts is 3, the rule asks < 1"),
    ],
)
def test_each_clip_is_kept_or_told_why_not(text: str, message: str) -> None:
    told = verdict(Filtering(rules=[text]), ROW)
    assert told.clip_id == "c" and told.message == message
    assert told.reason == (Reason.RULE if message else None)


def test_a_value_is_shown_with_the_digits_that_break_the_rule() -> None:
    row = ScoreRow(clip_id="c", values={"motion": 0.80004})
    assert verdict(Filtering(rules=["motion < 0.8"]), row).message == "motion is 0.80004, the rule asks < 0.8"


@pytest.mark.parametrize("every", list(Missing))
@pytest.mark.parametrize("own", [None, *Missing])
def test_missing_values_keep_or_drop_by_the_rule_or_else_by_the_recipe(every: Missing, own: Missing | None) -> None:
    rule = parse("lufs > -40")[0].model_copy(update={"missing": own})
    kept = verdict(Filtering(rules=(rule,), missing=every), ROW).reason is None
    assert kept == ((own or every) is Missing.KEEP)


def test_rules_on_what_is_not_measured_offer_the_nearest() -> None:
    with pytest.raises(SettingError, match="did you mean 'silence_ratio'"):
        verdict(Filtering(rules=["silent_ratio < 0.8"]), ROW)
    with pytest.raises(SettingError, match="did you mean 'black_ratio'"):
        Filtering(rules=["blck_ratio < 0.8"]).check(measures())


@pytest.mark.parametrize(("text", "fix"), [("all_zero < 1", "write all_zero or not"), ("not motion", "motion > 0")])
def test_flags_and_numbers_are_not_mixed(text: str, fix: str) -> None:
    with pytest.raises(SettingError, match=fix):
        verdict(Filtering(rules=[text]), ROW)


def test_a_rule_in_other_words_is_the_same_record() -> None:
    keys = {text: Filtering(rules=[text]).model_dump_json() for text in ("cuts < 1", "cuts<1.0", "cuts <= 1")}
    assert keys["cuts < 1"] == keys["cuts<1.0"] != keys["cuts <= 1"]


def test_values_keep_their_kinds_in_json() -> None:
    row = ScoreRow(clip_id="c", values={"a": True, "b": 1, "c": 1.0, "d": None}, why={"d": "so"})
    read = ScoreRow.model_validate_json(row.model_dump_json())
    assert [type(value) for value in read.values.values()] == [bool, int, float, type(None)]
    assert json.loads(row.model_dump_json())["values"] == {"a": True, "b": 1, "c": 1.0, "d": None}
    with pytest.raises(ValidationError):
        ScoreRow(clip_id="c", values={"a": float("nan")})


def test_each_rule_is_weighed_by_what_it_drops_and_what_only_it_drops() -> None:
    rows = [
        ROW.model_copy(update={"values": ROW.values | {"motion": motion, "lufs": lufs}})
        for motion, lufs in ((0, -60.0), (0, -20.0), (9, -60.0), (9, None), (9, -20.0))
    ]
    settings = Filtering(rules=["motion > 1 and lufs > -40", {"rule": "lufs < 0", "missing": "keep"}])
    motion, loud, kept = settings.rules
    assert weighed(settings, rows) == [
        Weighed(motion, judged=5, dropped=2, alone=1),
        Weighed(loud, judged=4, dropped=3, alone=2),
        Weighed(kept, judged=4, dropped=0, alone=0),
    ]
    assert weighed(settings, []) == [Weighed(rule, 0, 0, 0) for rule in settings.rules]

from __future__ import annotations

from phonofilm.benchmarks.scoring import METRICS
from phonofilm.benchmarks.table import COLUMNS, Group, markdown, table
from phonofilm.metrics import Given, find
from tests.codecs.small import random_codec


def score(value, interval=None):
    return {"value": value, "interval": interval}


def row(label, kind, f1, **scores):
    identity = {
        "weights": "0123456789abcdef",
        "settings": {
            "steps": 25,
            "sampler": "euler",
            "gamma": 1.5,
            "guidance": {"video": 3.0, "audio": 2.5},
        },
    }
    scores = {"event-f1-125ms": score(f1), **scores}
    return {"label": label, "kind": kind, "identity": identity, "scores": scores, "joint_clips": 40_000}


RESULTS = {
    "command": "phonofilm bench clapperboard",
    "task": {
        "clapperboard": 1,
        "n": 256,
        "first_scene": 1_000_000_000,
        "last_scene": 1_000_000_277,
        "first_reference_scene": 1_000_250_000,
    },
    "versions": {"phonofilm": "0.1.0", "torch": "2.13.0"},
    "left_out": {"uncoupled": "runs/none holds no weights: train it"},
    "rows": [
        row("cmc-pe", "model", 0.75, **{"event-offset-median": score(-0.2, [-3.4, 2.6])}),
        row("shuffled", "shuffled", 0.25, **{"event-offset-median": score(None)}),
        row("true clips", "true", 0.9),
    ],
}


def test_values_stand_with_their_intervals_and_reasons():
    assert table(RESULTS, Group.TIME).splitlines() == [
        "|  | event F1, 125 ms | median offset, ms |",
        "| --- | ---: | ---: |",
        "| cmc-pe | 0.75 | 0 (-3 to 3) |",
        "| shuffled | 0.25 | none |",
        "| true clips | 0.90 | none |",
    ]


def test_the_page_says_how_to_repeat_it_and_what_is_missing():
    text = markdown(RESULTS)
    for words in (
        "```\nphonofilm bench clapperboard\n```",
        "256 held-out captions",
        "scenes 1000000000 to 1000000277",
        "as a share of the true clips': cmc-pe 0.83.",
        "- cmc-pe: weights `0123456789ab`, 40,000 clips of joint training, 25 steps of euler, gamma 1.5, ",
        "guidance video 3, audio 2.5",
        "- uncoupled is left out: runs/none holds no weights: train it",
        "torch 2.13.0",
    ):
        assert words in text


def test_joint_training_that_is_not_on_record_is_said():
    rows = [{**row("mine", "model", 0.5), "joint_clips": None}]
    assert "`0123456789ab`, joint training not on record, 25 steps" in markdown({**RESULTS, "rows": rows})


def test_every_column_is_a_score_of_a_metric_that_is_measured_once():
    titles, scores = [column.title for column in COLUMNS], [column.score for column in COLUMNS]
    assert len(set(titles)) == len(set(scores)) == len(COLUMNS)
    codec = random_codec()
    given = {score for name in METRICS for score in find(name, Given(codec)).gives}
    assert [score for score in scores if score not in given] == []


def test_every_metric_that_is_measured_has_a_column():
    codec = random_codec()
    shown = {column.score for column in COLUMNS}
    assert [name for name in METRICS if shown.isdisjoint(find(name, Given(codec)).gives)] == []


def test_the_headline_stands_first_with_its_signed_companion():
    assert [column.score for column in COLUMNS if column.group is Group.TIME][:2] == ["sync-error", "sync-offset"]


def test_whether_as_much_happens_as_was_asked_stands_with_the_content():
    content = [column.score for column in COLUMNS if column.group is Group.CONTENT]
    assert {"event-count-seen", "event-count-heard"} <= set(content)


def test_counts_stand_with_the_captions_that_ask_for_them_and_their_chance():
    counts = {"event-count-seen": 0.22, "event-count-heard": 0.258}
    scores = {name: {**score(0.5), "n": 126, "chance": chance} for name, chance in counts.items()}
    text = markdown({**RESULTS, "rows": [row("true clips", "true", 0.9, **scores)]})
    assert "of the 126 clips whose caption says how many times" in text
    assert "with the captions of other clips: 0.22 to 0.26." in text
    assert "As many as asked" not in markdown(RESULTS)

"""Comparisons as tables: rows that say something, and below them what the reader must know."""

from __future__ import annotations

import csv

from phonofilm.plots.comparison import FORMS, below, comparison, table


def difference(name, one, other, interval=None, reason=None, n=24, counts=None):
    return {
        "name": name, "unit": "", "better": "higher", "one": one, "other": other, "interval": interval, "n": n,
        "counts": counts or [n, n], "sizes": interval and [0.0, 1 / 3],
        "verdict": f"not tested: {reason}" if reason else "not told apart", "reason": reason,
    }  # fmt: skip


def test_scores_without_a_value_in_both_are_counted_and_take_no_row():
    rows = [
        difference("f1", 0.5, 1e-12, [-1e-12, 0.25]),
        *(difference(name, None, None) for name in ("p50", "p90")),
        difference("f2", None, 1.0, reason="the first has no value"),
        difference("f3", None, 1.0, reason="the first has no value"),
    ]
    found = comparison("a.json", "b.json", 3, rows, ["films in the first only: 3, in the second only: 1"])
    assert [row[0].partition(",")[0] for row in table(found)[1]] == ["f1", "f2", "f3"]
    assert table(found)[1][0][1:4] == ["0.5", "0", "0 to 0.25"]
    assert below(found) == [
        "first: a.json; second: b.json; seed of the resampling: 3",
        "films in the first only: 3, in the second only: 1",
        "not tested, f2, f3: the first has no value",
        "without a value in both: 2, p50, p90",
    ]
    assert [row[-1] for row in table(found)[1]] == ["not told apart", "not tested", "not tested"]


def test_every_number_has_a_column_of_its_own_in_all_its_digits():
    rows = [difference("p50", 0.1, 0.4, [-1 / 3, 2 / 3]), difference("f2", None, 1.0, reason="the first has no value")]
    lines = list(csv.DictReader(FORMS[".csv"](comparison("a.json", "b.json", 3, rows)).splitlines()))
    numbers = ("first", "second", "difference", "low", "high", "size low", "size high", "films", "films first")
    assert [float(lines[0][name]) for name in numbers] == [0.1, 0.4, 0.4 - 0.1, -1 / 3, 2 / 3, 0.0, 1 / 3, 24, 24]
    assert (lines[1]["first"], lines[1]["difference"], lines[1]["low"]) == ("", "", "")
    assert [line["verdict"] for line in lines] == ["not told apart", "not tested: the first has no value"]


def test_how_many_films_count_on_each_side_is_told_where_more_do_than_on_both():
    rows = [difference(name, 1.0, 2.0, [-1.0, 2.0], n=20, counts=[22, 21]) for name in ("p50", "p90")]
    found = comparison("a.json", "b.json", 3, [*rows, difference("f1", 1.0, 2.0, [-1.0, 2.0])])
    assert [row[4] for row in table(found)[1]] == ["20", "20", "24"]
    line = "what films hold is put together in p50, p90; films that count: 22 in the first, 21 in the second"
    assert line in below(found)
    assert "one in twenty is told apart by chance" in below(found)[-1]


def test_of_few_films_no_rate_of_chance_is_claimed():
    few, many = difference("f1", 1.0, 2.0, [-1.0, 2.0], n=19), difference("f2", 1.0, 2.0, [-1.0, 2.0])
    rough, chance = below(comparison("a.json", "b.json", 3, [few, many]))[1:]
    assert rough == (
        "95 % of f1: fewer than 20 clips count, and intervals of so few are rough: more is told apart by chance than "
        "95 % says"
    )
    assert "2 differences are tested at 95 % each" in chance and "one in twenty" not in chance
    assert [line for line in below(comparison("a.json", "b.json", 3, [many])) if "95 %" in line] == []

"""Comparisons as tables: rows that say something, and below them what the reader must know."""

from __future__ import annotations

from phonofilm.plots.comparison import below, comparison, table


def difference(name, one, other, interval=None, reason=None):
    return {
        "name": name, "unit": "", "better": "higher", "one": one, "other": other, "interval": interval, "n": 5,
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
    assert table(found, reasons=True)[1][1][-1] == "not tested: the first has no value"

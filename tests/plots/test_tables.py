from __future__ import annotations

import csv

from phonofilm.plots.tables import csv_table, latex_table, markdown_list, markdown_table


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown_table(["", "a"], [["x|y", "1"]]) == "|  | a |\n| --- | ---: |\n| x\\|y | 1 |"


def test_what_latex_would_read_as_a_command_is_written_out():
    table = latex_table(["", "95 %"], [["a_b", r"\x & {y}~^"]], ["made\nby hand"])
    assert r" & 95 \% \\" in table
    assert r"a\textbar{}b & 1 \textless{} 2" in latex_table(["a|b", "1 < 2"], [])
    assert r"a\_b & \textbackslash{}x \& \{y\}\textasciitilde{}\textasciicircum{} \\" in table
    assert table.endswith("\\end{tabular}\n% made by hand\n")


def test_what_markdown_would_read_as_a_sign_is_written_out_below_a_table():
    assert markdown_list(["my_new_film*.mp4 | a\\b", "two"]) == "* my\\_new\\_film\\*.mp4 \\| a\\\\b\n* two\n"


def test_csv_gives_back_what_went_in():
    rows = [["film", "a"], ['a, "b".mp4', "1.5"], ["line\nbreak", ""]]
    assert list(csv.reader(csv_table(rows[0], rows[1:]).splitlines(keepends=True))) == rows

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from phonofilm.errors import MediaError, SettingError
from phonofilm.plots.rows import draw_rows, save_rows

BETTER = {"f1": "higher", "offset": "nearer zero"}


def row(label, kind, **scores):
    return {
        "label": label,
        "kind": kind,
        "scores": {
            name: {"value": value, "interval": ends, "better": BETTER[name]} for name, (value, ends) in scores.items()
        },
    }


RESULTS = {
    "columns": [{"score": name, "title": f"the {name}"} for name in ("f1", "offset", "absent")],
    "rows": [
        row("model", "model", f1=(0.7, [0.6, 0.8]), offset=(-3.0, [-9.0, 4.0])),
        row("chance", "shuffled", f1=(0.2, None), offset=(None, None)),
    ],
}


def test_every_value_stands_in_its_panel_on_its_row_within_its_interval():
    f1, offset = (axes for axes in draw_rows(RESULTS).axes if axes.get_visible())
    assert [axes.get_title() for axes in (f1, offset)] == ["the f1", "the offset"]
    assert [axes.get_xlabel() for axes in (f1, offset)] == ["higher is better", "nearer zero is better"]
    assert [line.get_xydata().tolist() for line in f1.lines] == [[[0.6, 0], [0.8, 0]], [[0.7, 0]], [[0.2, 1]]]
    assert [line.get_xydata().tolist() for line in offset.lines] == [[[-9.0, 0], [4.0, 0]], [[-3.0, 0]]]
    assert [label.get_text() for label in f1.get_yticklabels()] == ["model", "chance"]
    assert f1.yaxis_inverted()


@pytest.mark.parametrize("scale", [0.00024, 0.97, 150_000])
def test_no_label_of_an_axis_runs_into_the_next(scale):
    ends = {name: (scale / 2, [-scale, scale]) for name in BETTER}
    columns = [{"score": name, "title": name} for name in [*BETTER] * 3]
    figure = draw_rows({"columns": columns, "rows": [row("a longer label", "model", **ends)]})
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        labels = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        shown = [one for one in labels if axes.bbox.x0 <= (one.x0 + one.x1) / 2 <= axes.bbox.x1]
        assert len(shown) > 1 or not axes.get_visible()
        assert all(left.x1 + 3 < right.x0 for left, right in pairwise(shown))


def test_the_file_is_a_picture_and_is_not_replaced_unasked(tmp_path):
    path = save_rows(RESULTS, tmp_path / "x.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(MediaError, match="exists already"):
        save_rows(RESULTS, path)
    save_rows(RESULTS, path, force=True)


def test_other_names_and_empty_results_are_refused(tmp_path):
    with pytest.raises(SettingError, match=r"not a \.png name"):
        save_rows(RESULTS, tmp_path / "x.jpg")
    with pytest.raises(SettingError, match="no value to draw"):
        draw_rows({**RESULTS, "rows": RESULTS["rows"][:0]})

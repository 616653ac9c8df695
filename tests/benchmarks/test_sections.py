from __future__ import annotations

import pytest

from phonofilm.benchmarks.sections import write_section
from phonofilm.errors import MediaError


def test_a_section_is_replaced_and_nothing_else(tmp_path):
    path = tmp_path / "results.md"
    path.write_text("# Results\n\nBefore.\n\n<!-- begin speed -->\nold\n<!-- end speed -->\n\nAfter.\n")
    write_section(path, "speed", "new\nlines\n")
    assert path.read_text() == (
        "# Results\n\nBefore.\n\n<!-- begin speed -->\nnew\nlines\n<!-- end speed -->\n\nAfter.\n"
    )


def test_a_first_section_goes_to_the_end_and_benches_keep_apart(tmp_path):
    path = tmp_path / "results.md"
    for name, body in (("one", "1"), ("two", "2"), ("one", "3")):
        write_section(path, name, body)
    assert path.read_text() == (
        "# Results\n\n<!-- begin one -->\n3\n<!-- end one -->\n\n<!-- begin two -->\n2\n<!-- end two -->\n"
    )


@pytest.mark.parametrize(
    "text",
    ["<!-- begin speed -->\n", "<!-- end speed -->\n", "<!-- end speed --><!-- begin speed -->"],
)
def test_broken_marks_are_named_and_the_file_stays(tmp_path, text):
    path = tmp_path / "results.md"
    path.write_text(text)
    with pytest.raises(MediaError, match="mend the marks"):
        write_section(path, "speed", "new")
    assert path.read_text() == text


def test_a_folder_is_no_markdown_file(tmp_path):
    with pytest.raises(MediaError, match="name a Markdown file"):
        write_section(tmp_path, "speed", "new")

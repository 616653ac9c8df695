"""Tables of words as Markdown, LaTeX or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

Row = Sequence[str]

ROUNDING = 1e-9
"""What is smaller comes from rounding, and is shown as 0."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
_MARKDOWN = re.compile(r"[\\`*_|<]")


def number(value: float | None, digits: int = 3) -> str:
    """A number to so many digits; "" for none."""
    return "" if value is None else f"{0 if abs(value) < ROUNDING else value:.{digits}g}"


def markdown_table(head: Row, rows: Sequence[Row]) -> str:
    """A Markdown table without a last line's end: the first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def markdown_list(lines: Sequence[str]) -> str:
    """A line of a Markdown list for each, with what Markdown would read as a sign written out."""
    return "".join(f"* {_MARKDOWN.sub(_written_out, line)}\n" for line in lines)


def latex_table(head: Row, rows: Sequence[Row], below: Sequence[str] = ()) -> str:
    """A ``tabular`` for the package booktabs, with what stands below as comments."""
    lines = [" & ".join(map(_tex, line)) + r" \\" for line in (head, *rows)]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{tabular}{l" + "r" * (len(head) - 1) + "}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *(f"% {' '.join(line.split())}" for line in below),
            "",
        ]
    )


def csv_table(head: Row, rows: Sequence[Row]) -> str:
    """Comma-separated values, quoted where they must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def _tex(cell: str) -> str:
    """A cell with what LaTeX would read as a command written out."""
    return re.sub(r"[\\~^|<>#$%&_{}]", lambda found: _LATEX.get(found[0], "\\" + found[0]), cell)


def _written_out(sign: re.Match[str]) -> str:
    return "\\" + sign[0]

"""Pieces of an HTML page: tables that can be sorted, figures with captions. Everything written is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Column:
    """Of a table.

    Attributes:
        title: its head.
        number: its cells are numbers, to be sorted as such.
    """

    title: str
    number: bool = False


@dataclass(frozen=True)
class Cell:
    """Of a table.

    Attributes:
        text: shown.
        value: sorted by; ``None``: there is no number.
        code: the text is a name that is to be copied.
    """

    text: str
    value: float | None = None
    code: bool = False


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> str:
    """A table whose heads sort it; nothing where there are no rows."""
    if not rows:
        return ""
    heads = "".join(_head(column) for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="sortable"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def tile(value: str, says: str) -> str:
    """A number with what it is below."""
    return f'<div class="tile"><b>{escape(value)}</b>{escape(says)}</div>'


def section(title: str, says: str, *parts: str) -> str:
    """A chapter with a sentence on what it shows; nothing if it has no content."""
    inside = "".join(parts)
    return f"<section><h2>{escape(title)}</h2><p>{escape(says)}</p>{inside}</section>" if inside else ""


def card(title: str, inside: str, note: str = "") -> str:
    """A box with a title around what is HTML already."""
    below = f'<p class="faint">{escape(note)}</p>' if note else ""
    return f'<div class="card"><h3>{escape(title)}</h3>{inside}{below}</div>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of a class of the page."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def image(url: str, size: tuple[int, int], says: str) -> str:
    """A picture of (height, width) in pixels, and what it shows for those who do not see it."""
    return f'<img src="{url}" width="{size[1]}" height="{size[0]}" alt="{escape(says)}">'


def figure(inside: Sequence[str], name: str, lines: Sequence[str], trouble: str = "") -> str:
    """Pictures that are HTML already, over their name and what is said of them."""
    said = "".join(f"<br>{escape(line)}" for line in lines if line)
    bad = f'<br><span class="out">{escape(trouble)}</span>' if trouble else ""
    head = f"<strong><code>{escape(name)}</code></strong>"
    return f"<figure>{''.join(inside)}<figcaption>{head}{said}{bad}</figcaption></figure>"


def _head(column: Column) -> str:
    kind = ' class="number"' if column.number else ""
    return f'<th scope="col"{kind}><button type="button">{escape(column.title)}</button></th>'


def _cell(column: Column, cell: Cell) -> str:
    text = f"<code>{escape(cell.text)}</code>" if cell.code else escape(cell.text)
    if not column.number:
        return f"<td>{text}</td>"
    value = "" if cell.value is None else repr(cell.value)
    return f'<td class="number" data-value="{value}">{text}</td>'

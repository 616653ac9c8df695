"""The page as a browser's parser reads it: whole, alone, escaped, with all that was counted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from phonofilm.data.ingest.caption import CaptionRow
from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.look import pictures
from phonofilm.data.ingest.page import Cell, Column, table
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.report import Report, page, report
from phonofilm.data.ingest.rows import ClipRow, Failure, ScoreRow, SourceRow, VerdictRow
from phonofilm.data.ingest.sheets import Chosen, Drawn, Sheet, Sheets, choose, draw_sheet, worst
from phonofilm.data.ingest.split import Split
from phonofilm.errors import MediaError
from phonofilm.media.span import Span
from phonofilm.plots.svg import bars, wave
from tests.data.ingest.films import clip, cut_film, source, write_film

VOID = {"meta", "img", "br", "line", "link", "input"}


class Page(HTMLParser):
    """Collects what the tests ask for, and objects to tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.stack, self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack and self.stack.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.stack[-1], data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(data for tag, data in self.texts if tag not in ("style", "script"))


def here(
    work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], _: Limits
) -> Iterator[tuple[str, Any]]:
    """An engine without processes."""
    for name, job in jobs.items():
        try:
            yield name, work(settings, job)
        except MediaError as error:
            yield name, Failure(reason=Reason.DAMAGED, message=str(error))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """A film of four clips, of which one is dropped, and a file that cannot be read."""
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "a & b" / "one.mp4")
    row, clips = cut_film(folder, "a & b/one.mp4", Split(seconds=Fraction(1)))
    bad = source("bad.mp4", reason=Reason.UNREADABLE, message="<script>alert(1)</script>", video=None, audio=None)
    scores = [
        ScoreRow(clip_id=one.clip_id, values={"lufs": -20.0 - i, "silence_ratio": i / 4}) for i, one in enumerate(clips)
    ]
    verdict = VerdictRow(clip_id=clips[3].clip_id, reason=Reason.RULE, message="silence_ratio is 0.75, not < 0.7")
    captions = [CaptionRow(clip_id=one.clip_id, text='<b>"$title" & co</b>', origin="x") for one in clips]
    return folder, Ledger((row, bad), clips, tuple(scores), (verdict,), tuple(captions))


@pytest.fixture(scope="module")
def written(made: tuple[Path, Ledger], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, ledger = made
    settings = Report(title="A < B", sheets=Sheets(each=2, pictures=3, height=18))
    target = tmp_path_factory.mktemp("report") / "new"
    return report(ledger, folder, target, here, Limits(), settings, ["it should have 3 films and has 1 (paper)"])


def test_the_page_is_whole_and_stands_alone(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.all("html")[0]["lang"] == "en"
    assert not parsed.all("link") and not parsed.all("iframe")
    sources = [attributes[name] for _, attributes in parsed.tags for name in ("src", "href") if name in attributes]
    assert sources and all(address is not None and address.startswith("data:image/jpeg;base64,") for address in sources)
    assert "http" not in re.sub(r'http-equiv|base64,[^"]*', "", text)
    assert "default-src 'none'" in text and "prefers-color-scheme: dark" in text
    assert len(parsed.all("script")) == 1, "what a message says is not run"


def test_everything_said_is_there_and_escaped(written: Path, made: tuple[Path, Ledger]) -> None:
    parsed = Page(written.read_text(encoding="utf-8"))
    _, ledger = made
    for said in (
        "A < B",
        "it should have 3 films and has 1 (paper)",
        "<script>alert(1)</script>",
        '<b>"$title" & co</b>',
        "silence_ratio is 0.75, not < 0.7",
        "a & b/one.mp4",
        "bad.mp4",
        "unreadable",
        *(one.clip_id for one in ledger.clips),
    ):
        assert said in parsed.text, said
    assert not parsed.all("b")[4:], "four tiles and no other bold text"


def test_every_picture_has_words_and_shows_its_second(written: Path) -> None:
    parsed = Page(written.read_text(encoding="utf-8"))
    images = parsed.all("img")
    assert len(images) == 5, "two of the worst, one that is dropped, two of a sample"
    for image in images:
        assert image["alt"] and "one.mp4" in image["alt"] and (image["width"], image["height"]) == ("96", "18")
        data = base64.b64decode((image["src"] or "").partition(",")[2])
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape == (18, 96, 3)
        assert min(abs(float(picture.mean()) - grey) for grey in (20, 80, 140, 200)) < 3
    charts = parsed.all("svg")
    assert charts and all(chart["role"] == "img" and chart["aria-label"] for chart in charts)


def test_tables_can_be_sorted_by_every_column(written: Path) -> None:
    parsed = Page(written.read_text(encoding="utf-8"))
    tables = parsed.all("table")
    assert tables and all(one["class"] == "sortable" for one in tables)
    assert len(parsed.all("caption")) == len(tables)
    assert len(parsed.all("th")) == len([one for one in parsed.all("button") if one["type"] == "button"])
    values = [cell["data-value"] for cell in parsed.all("td") if cell.get("class") == "number"]
    assert values and all(value == "" or float(value or "x") is not None for value in values)


def test_the_same_rows_give_the_same_bytes(written: Path, made: tuple[Path, Ledger]) -> None:
    folder, ledger = made
    before = written.read_bytes()
    settings = Report(title="A < B", sheets=Sheets(each=2, pictures=3, height=18))
    again = report(
        ledger, folder, written.parent, here, Limits(), settings, ["it should have 3 films and has 1 (paper)"]
    )
    assert again.read_bytes() == before


def test_a_clip_that_cannot_be_shown_says_why(made: tuple[Path, Ledger], tmp_path: Path) -> None:
    _, ledger = made
    path = report(ledger, tmp_path / "moved away", tmp_path, here, Limits(), Report(sheets=Sheets(each=1)))
    parsed = Page(path.read_text(encoding="utf-8"))
    assert not parsed.all("img") and "it cannot be shown" in parsed.text and "does not exist" in parsed.text


def test_a_clip_without_pictures_cannot_be_looked_at(made: tuple[Path, Ledger]) -> None:
    folder, ledger = made
    clip = ledger.clips[0]
    row = ledger.source[clip.source_id]
    empty = Span(clip.span.end_pts, clip.span.end_pts, 0, 0, 0)
    with pytest.raises(MediaError, match="no picture here"):
        pictures(folder / row.path, row, empty, 3, 18)


def test_an_empty_preparation_is_a_page_too() -> None:
    parsed = Page(page(Ledger(()), Chosen((), (), ()), {}, Report()))
    assert "0 clips of 0 films" in parsed.text and not parsed.all("table")


def test_long_tables_say_what_they_leave_out() -> None:
    row = source("a.mp4")
    clips = tuple(clip(row, index, Reason.TOO_SHORT, "short") for index in range(7))
    text = Page(page(Ledger((row,), clips), Chosen((), (), ()), {}, Report(rows=3))).text
    assert "Clips: the first 3 of 7" in text
    assert "Of 1 more film no window became a clip." in text


def test_a_sheet_has_the_sound_of_its_clip(made: tuple[Path, Ledger]) -> None:
    folder, ledger = made
    row = ledger.source[ledger.clips[0].source_id]
    sheets = [draw_sheet(Sheets(columns=50), Drawn(folder / row.path, row, one)) for one in ledger.clips]
    assert [round(sheet.peak, 2) for sheet in sheets] == [0, 0, 0.5, 0]
    assert all(len(sheet.low) == len(sheet.high) == 50 for sheet in sheets)
    assert all((sheet.low <= sheet.high).all() for sheet in sheets)


def scored(row: SourceRow, values: list[dict[str, float]]) -> tuple[tuple[ClipRow, ...], tuple[ScoreRow, ...]]:
    clips = tuple(clip(row, index) for index in range(len(values)))
    scores = tuple(ScoreRow(clip_id=one.clip_id, values=dict(got)) for one, got in zip(clips, values, strict=True))
    return clips, scores


def test_the_worst_are_taken_by_each_fault_in_turn() -> None:
    row = source("a.mp4")
    values = [
        {"av_offset": 0.1, "silence_ratio": 0.1},
        {"av_offset": -0.4, "silence_ratio": 0.9},
        {"av_offset": 0.3, "silence_ratio": 0.0},
        {"av_offset": 0.01, "silence_ratio": 0.5},
        {"av_offset": 0.0, "silence_ratio": 0.0},
        {"av_offset": 0.9, "silence_ratio": 0.0, "av_confidence": 0.01},
    ]
    clips, scores = scored(row, [{"av_confidence": 0.5, **one} for one in values])
    ledger = Ledger((row,), clips, scores)
    found = worst(ledger, 10)
    assert [clips.index(one) for one, _ in found] == [1, 2, 3, 0]
    assert found[0][1].startswith("sound -0.40 s") and found[2][1] == "silent for 50% of the time"
    assert [one for one, _ in worst(ledger, 2)] == [clips[1], clips[2]]


def test_the_choice_does_not_depend_on_the_order_of_rows_and_shows_every_reason() -> None:
    row = source("a.mp4")
    clips = tuple(
        clip(row, index, *((Reason.TOO_SHORT, "x") if index % 10 else (Reason.DAMAGED, "y")) if index < 40 else ())
        for index in range(60)
    )
    one, other = choose(Ledger((row,), clips), 4), choose(Ledger((row,), clips[::-1]), 4)
    assert one == other and len(one.sample) == 4
    assert [shown.reason for shown in one.left_out].count(Reason.DAMAGED) == 2
    assert not {shown.clip_id for shown in one.sample} & {shown.clip_id for shown in one.left_out}


def test_bars_are_as_high_as_their_counts() -> None:
    figure = ElementTree.fromstring(bars((0, 1, 2, 3), (("used", (4, 0, 1)), ("left-out", (0, 0, 3))), "s", "a < b"))
    assert figure.get("aria-label") == "a < b"
    found = [(one.get("class"), float(one.get("height", "0")), float(one.get("y", "0"))) for one in figure.iter("rect")]
    unit = found[0][1] / 4
    assert [(kind, round(height / unit)) for kind, height, _ in found] == [("used", 4), ("used", 1), ("left-out", 3)]
    assert found[2][2] + found[2][1] == pytest.approx(found[1][2], abs=0.02), "it stands on the other"
    assert [one[0].text for one in figure.iter("rect")] == [
        "0 to 1 s: 4 used",
        "2 to 3 s: 1 used",
        "2 to 3 s: 3 left out",
    ]


def test_a_waveform_reaches_its_peak_and_silence_is_a_line() -> None:
    figure = ElementTree.fromstring(wave(np.array([-0.1, -0.2]), np.array([0.1, 0.0]), 0.2, "sound"))
    (polygon,) = figure.iter("polygon")
    assert polygon.get("points") == "0,50.0 1,100.0 1,200.0 0,150.0"
    flat = ElementTree.fromstring(wave(np.zeros(2), np.zeros(2), 0.0, "silence"))
    assert next(flat.iter("polygon")).get("points") == "0,100.0 1,100.0 1,100.0 0,100.0"


def test_cells_without_a_number_are_sorted_below() -> None:
    text = table("x", (Column("n", number=True),), ((Cell("-"),), (Cell("1,000", 1000),)))
    assert 'data-value=""' in text and 'data-value="1000"' in text
    assert table("x", (Column("n"),), ()) == ""


def test_a_sheet_that_fails_in_its_process_is_said(made: tuple[Path, Ledger]) -> None:
    _, ledger = made
    chosen = choose(ledger, 1)
    failed = Failure(reason=Reason.TIMEOUT, message="it took more than 5 s")
    sheets: dict[str, Sheet | Failure] = dict.fromkeys(chosen.clips, failed)
    assert "it took more than 5 s" in Page(page(ledger, chosen, sheets, Report())).text

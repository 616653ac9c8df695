"""The page in a real browser: nothing complains, nothing is fetched, all is shown, nothing is too wide, tables sort."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from phonofilm.data.ingest.ledger import Ledger
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.report import Report, report
from phonofilm.data.ingest.rows import ScoreRow, VerdictRow
from phonofilm.data.ingest.split import Split
from tests.browser import Tab, tab
from tests.data.ingest.films import cut_film, source, write_film
from tests.data.ingest.test_report import here

LONG = "concerts-around-the-globe/" + "a-very-long-name-without-any-place-to-break-it" * 2 + ".mp4"
WIDE = """[...document.querySelectorAll("body *")]
  .filter(one => !one.closest(".scroll") && one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => one.outerHTML.slice(0, 80))"""
CUT_OFF = """[...document.querySelectorAll("svg.chart text")]
  .filter(one => { const box = one.getBBox(), view = one.ownerSVGElement.viewBox.baseVal;
                   return box.x < -1 || box.x + box.width > view.width + 1 || box.y + box.height > view.height + 1; })
  .map(one => one.textContent)"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of eight clips, two of them dropped, and of a file that cannot be read, with long names."""
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "one.mp4")
    row, clips = cut_film(folder, "one.mp4", Split(seconds=Fraction(1, 2)))
    scores = [
        ScoreRow(
            clip_id=one.clip_id,
            values={
                "lufs": -20.0 - index,
                "silence_ratio": index / 8,
                "static_ratio": 0.3 * (index % 3),
                "av_offset": 0.1 * index - 0.3,
                "av_confidence": 0.5,
            },
        )
        for index, one in enumerate(clips)
    ]
    dropped = [
        VerdictRow(clip_id=one.clip_id, reason=Reason.RULE, message="silence_ratio is 0.75, not < 0.7")
        for one in clips[6:]
    ]
    bad = source(LONG, reason=Reason.UNREADABLE, message="Invalid data " * 20, video=None, audio=None)
    ledger = Ledger((row, bad), clips, tuple(scores), tuple(dropped))
    path = report(ledger, folder, tmp_path_factory.mktemp("page"), here, Limits(), Report(title="Concerts"))
    return path.as_uri()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_in_order(page: Tab, address: str, width: int, scheme: str, tmp_path: Path) -> None:
    page.open(address, width, scheme=scheme)
    assert page.complaints == []
    assert {one for one in page.asked if not one.startswith("data:image/jpeg;base64,")} == {address}
    assert page.value("innerWidth") == width
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value(WIDE) == []
    assert page.value(CUT_OFF) == []
    shown = page.value("[...document.images].map(one => one.complete && one.naturalWidth)")
    assert len(shown) >= 6 and all(shown)
    drawn = page.value("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect().height)")
    assert len(drawn) >= 8 and all(height > 40 for height in drawn)
    rows = page.value("[...document.querySelectorAll('tr')].map(one => one.getBoundingClientRect().height)")
    assert max(rows) < 250, "words are not squeezed below each other: tables scroll"
    (tmp_path / "page.png").write_bytes(page.picture())


def test_what_is_shown_can_be_read_in_both_schemes(page: Tab, address: str) -> None:
    seen = []
    for scheme in ("light", "dark"):
        page.open(address, 1280, scheme=scheme)
        seen.append(page.value("['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"))
    assert seen[0] != seen[1] and all(text != ground for text, ground in seen)


def test_tables_sort_by_a_click(page: Tab, address: str) -> None:
    page.open(address, 1280)
    column = "[...table.tBodies[0].rows].map(row => Number(row.cells[at].dataset.value))"
    find = """(() => { const table = [...document.querySelectorAll("table")].find(
        one => one.caption.textContent.startsWith("Clips that may have a fault"));
        const at = [...table.tHead.rows[0].cells].findIndex(one => one.textContent === "LUFS");
        const button = table.tHead.rows[0].cells[at].querySelector("button"); %s })()"""
    before = page.value(find % f"return {column}")
    rising = page.value(find % f"button.click(); return {column}")
    falling = page.value(find % f"button.click(); return {column}")
    assert len(before) >= 3 and rising == sorted(before) and falling == rising[::-1]
    assert page.value(find % "return table.tHead.rows[0].cells[at].ariaSort") == "descending"


def test_a_page_that_is_not_in_order_is_noticed(page: Tab, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<title>x</title><img src='none.png'><script>undefined.x</script><p style='width:2000px'>wide</p>")
    page.open(bad.as_uri(), 390)
    assert any("ERR_FILE_NOT_FOUND" in one for one in page.complaints)
    assert any("TypeError" in one for one in page.complaints)
    assert page.value(WIDE) and page.value("document.images[0].naturalWidth") == 0

"""A preparation on one page: what came in, what was left out and why, and what the clips look and sound like.

The page is one HTML file that holds its pictures and asks nobody for anything. The same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from phonofilm.data.ingest.counting import counted
from phonofilm.data.ingest.ledger import Fate, Ledger
from phonofilm.data.ingest.look import data_url
from phonofilm.data.ingest.page import Cell, Column, card, figure, image, paragraph, section, table, tile
from phonofilm.data.ingest.rows import ClipRow, Failure, Positive, Row
from phonofilm.data.ingest.sheets import Chosen, Drawn, Sheet, Sheets, choose, draw_sheet, worst
from phonofilm.data.ingest.stats import Histogram, Stats, Tally, stats
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.plots.svg import bars, wave

if TYPE_CHECKING:
    from phonofilm.data.ingest.engine import Engine
    from phonofilm.data.ingest.pool import Limits

NAME = "report.html"
TEMPLATE = Path(__file__).with_name(NAME)
MEASURES = (
    ("lufs", "LUFS"),
    ("av_offset", "offset s"),
    ("av_confidence", "its confidence"),
    ("silence_ratio", "silent"),
    ("static_ratio", "still"),
)
"""Measures that have a column in the table of the worst, and their heads."""


class Report(Row):
    """Settings of the page.

    Attributes:
        title: its title.
        sheets: contact sheets.
        rows: of a table at most; what is not shown is counted.
    """

    title: str = "Preparation"
    sheets: Sheets = Sheets()
    rows: Positive = 500


def report(
    ledger: Ledger,
    films: Path,
    folder: Path,
    engine: Engine,
    limits: Limits,
    settings: Report | None = None,
    problems: Sequence[str] = (),
) -> Path:
    """Write the page as ``report.html``, in place of an earlier one.

    Args:
        ledger: rows of all stages that ran.
        films: folder of the films, for the contact sheets.
        folder: of the page; made if it is missing.
        engine: where films are decoded, so that one that hangs costs its sheet only.
        limits: of each sheet.
        settings: of the page.
        problems: sentences to begin with (:func:`phonofilm.data.ingest.recipe.expected`).

    Raises:
        MediaError: if it cannot be written.
    """
    settings = settings or Report()
    chosen = choose(ledger, settings.sheets.each)
    rows = {name: ledger.source[clip.source_id] for name, clip in chosen.clips.items()}
    jobs = {name: Drawn(films / rows[name].path, rows[name], clip) for name, clip in chosen.clips.items()}
    drawn = dict(engine(draw_sheet, settings.sheets, jobs, limits))
    text = page(ledger, chosen, drawn, settings, problems)
    return write_atomically(make_folder(folder) / NAME, text.encode(), force=True)


def page(
    ledger: Ledger,
    chosen: Chosen,
    sheets: Mapping[str, Sheet | Failure],
    settings: Report,
    problems: Sequence[str] = (),
) -> str:
    """The page's text; see :func:`report`."""
    numbers = stats(ledger)
    body = [
        *(paragraph(problem, "problem") for problem in problems),
        _tiles(numbers),
        _subsets(numbers),
        _reasons(numbers),
        _histograms(numbers),
        _worst(ledger, chosen, sheets, settings),
        _left_out(ledger, chosen, sheets, settings),
        _sample(ledger, chosen, sheets),
    ]
    summary = (
        f"{counted(numbers.clips_used, 'clip')} of {counted(numbers.sources_used, 'film')}, {_hours(numbers.seconds)}"
    )
    # substituted once: what a caption says of $ stays text
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(settings.title), summary=summary, body="\n".join(body)
    )


def _tiles(numbers: Stats) -> str:
    tiles = [
        tile(f"{numbers.sources_used:,}", f"of {counted(numbers.sources, 'film')} in use"),
        tile(f"{numbers.clips_used:,}", f"of {counted(numbers.clips, 'window')} are clips"),
        tile(_hours(numbers.seconds), "of clips"),
        tile(f"{numbers.texts:,}", f"different captions; {counted(numbers.uncaptioned, 'clip')} without"),
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _subsets(numbers: Stats) -> str:
    columns = (Column("Subset"), Column("Films", True), Column("Clips", True), Column("Hours", True))
    rows = [
        (Cell(one.subset.value), _whole(one.sources), _whole(one.clips), _decimal(one.seconds / 3600, 3))
        for one in numbers.shares
    ]
    return section("Subsets", "Divided film by film, never clip by clip.", table("Subsets", columns, rows))


def _reasons(numbers: Stats) -> str:
    columns = (Column("Stage"), Column("Reason"), Column("Left out", True))

    def tallied(title: str, tallies: Iterable[Tally]) -> str:
        rows = [(Cell(one.stage), Cell(_words(one.reason.value)), _whole(one.count)) for one in tallies]
        return table(title, columns, rows)

    films, clips = tallied("Films", numbers.films_left_out), tallied("Clips", numbers.clips_left_out)
    rest = numbers.sources - numbers.sources_used - sum(one.count for one in numbers.films_left_out)
    says = "Each film and each window counts once, for the first stage that left it out."
    if rest:
        says += f" Of {counted(rest, 'more film')} no window became a clip."
    gap = "<br>" if films and clips else ""
    return section("Left out", says, films, gap, clips)


def _histograms(numbers: Stats) -> str:
    key = '<p class="key faint"><span class="used"></span>in<span class="left-out"></span>left out</p>'
    charts = "".join(_histogram(one) for one in numbers.histograms)
    says = "Of all windows that have such a value, also those that are left out."
    return section("Distributions", says, key, f'<div class="charts">{charts}</div>') if charts else ""


def _histogram(one: Histogram) -> str:
    inside, outside = sum(one.used), sum(one.left_out)
    span = f"{one.edges[0]:g} to {one.edges[-1]:g} {one.unit}".strip()
    title = f"{one.name}: clips that are in: {inside}, left out: {outside}, {span}"
    note = f"{counted(one.without, 'window')} without" if one.without else ""
    return card(one.name, bars(one.edges, (("used", one.used), ("left-out", one.left_out)), one.unit, title), note)


def _worst(ledger: Ledger, chosen: Chosen, sheets: Mapping[str, Sheet | Failure], settings: Report) -> str:
    columns = (*_PLACE, Column("What is bad"), *(Column(head, True) for _, head in MEASURES))
    rows = [
        (*_place(ledger, clip), Cell(says), *(_measure(ledger, clip, name) for name, _ in MEASURES))
        for clip, says in worst(ledger, settings.rows)
    ]
    says = "Clips that are in and may have a fault: the worst by each in turn."
    listed = table(
        "Clips that may have a fault" + f": the {len(rows):,} worst" * (len(rows) == settings.rows), columns, rows
    )
    return section("The worst", says, _sheets(ledger, dict(chosen.worst), sheets), listed)


def _left_out(ledger: Ledger, chosen: Chosen, sheets: Mapping[str, Sheet | Failure], settings: Report) -> str:
    clips = [clip for clip in ledger.clips if clip.clip_id in ledger.fates]
    fates = (Column("Stage"), Column("Reason"), Column("Message"))
    rows = [(*_place(ledger, clip), *_fate(ledger.fates[clip.clip_id])) for clip in clips[: settings.rows]]
    films = [
        (Cell(row.path), _whole(row.size), Cell(fate.stage), Cell(_words(fate.reason.value)), Cell(fate.message))
        for row, fate in ledger.lost
    ]
    of_films = table(
        _shown("Films", min(len(films), settings.rows), len(films)),
        (Column("Film"), Column("Bytes", True), *fates),
        films[: settings.rows],
    )
    shown = {clip: ledger.fates[clip.clip_id].message for clip in chosen.left_out}
    of_clips = table(_shown("Clips", len(rows), len(clips)), (*_PLACE, *fates), rows)
    gap = "<br>" if of_films and of_clips else ""
    says = (
        "Films and clips that are left out, with the reason; some of each are shown. A clip's length is how long "
        "its pictures are shown; what its film has left there ends where picture or sound does, whichever is first."
    )
    return section("The dropped", says, _sheets(ledger, shown, sheets), of_films, gap, of_clips)


def _sample(ledger: Ledger, chosen: Chosen, sheets: Mapping[str, Sheet | Failure]) -> str:
    says = "Clips that are in, drawn by hash."
    return section("A sample", says, _sheets(ledger, dict.fromkeys(chosen.sample, ""), sheets))


def _sheets(ledger: Ledger, clips: Mapping[ClipRow, str], sheets: Mapping[str, Sheet | Failure]) -> str:
    """The sheets of some clips, with what is bad about each."""
    drawn = [_sheet(ledger, clip, says, sheets[clip.clip_id]) for clip, says in clips.items() if clip.clip_id in sheets]
    return f'<div class="sheets">{"".join(drawn)}</div><br>' if drawn else ""


def _sheet(ledger: Ledger, clip: ClipRow, trouble: str, sheet: Sheet | Failure) -> str:
    row, words = ledger.source[clip.source_id], ledger.caption.get(clip.clip_id)
    begin, length = float(_begin(ledger, clip)), float(ledger.seconds(clip))
    lines = [f"{row.path}, {begin:.3f} s to {begin + length:.3f} s", words.text if words is not None else ""]
    if isinstance(sheet, Failure):
        return figure((), clip.clip_id, [*lines, f"it cannot be shown: {sheet.message}"], trouble)
    seen = f"Pictures at equal distances over {length:.3f} s of {row.path}" + (f": {lines[1]}" if lines[1] else "")
    parts = [image(data_url("image/jpeg", sheet.strip), sheet.size, seen)]
    if len(sheet.low):
        heard = f"sound: peak {sheet.peak:.3f} of full scale"
        lines.append(f"{heard}, at the edge of the waveform" if sheet.peak else "sound: digital silence")
        parts.append(wave(sheet.low, sheet.high, sheet.peak, f"Waveform over the same time; {heard}"))
    else:
        lines.append("no sound")
    return figure(parts, clip.clip_id, lines, trouble)


_PLACE = (Column("Clip"), Column("Film"), Column("Begins s", True), Column("Length s", True))


def _place(ledger: Ledger, clip: ClipRow) -> tuple[Cell, ...]:
    row = ledger.source[clip.source_id]
    begin, length = _begin(ledger, clip), ledger.seconds(clip)
    return Cell(clip.clip_id, code=True), Cell(row.path), _decimal(begin, 3), _decimal(length, 3)


def _begin(ledger: Ledger, clip: ClipRow) -> Fraction:
    """When a clip begins, in seconds after its film's origin."""
    row = ledger.source[clip.source_id]
    if row.video is not None:
        return clip.span.first_pts * row.video.time_base - row.origin
    return Fraction(clip.span.first_sample, row.audio.sample_rate) if row.audio else Fraction(0)


def _fate(fate: Fate) -> tuple[Cell, ...]:
    return Cell(fate.stage), Cell(_words(fate.reason.value)), Cell(fate.message)


def _measure(ledger: Ledger, clip: ClipRow, name: str) -> Cell:
    row = ledger.score.get(clip.clip_id)
    value = None if row is None else row.values.get(name)
    return Cell("–") if value is None else Cell(f"{float(value):.3g}", float(value))


def _whole(count: int) -> Cell:
    return Cell(f"{count:,}", count)


def _decimal(value: Fraction, digits: int) -> Cell:
    return Cell(f"{float(value):,.{digits}f}", float(value))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _hours(seconds: Fraction) -> str:
    """A length of time in the unit that fits it."""
    value = float(seconds)
    if value < 600:
        return f"{value:.1f} s"
    return f"{value / 3600:,.1f} h" if value >= 36_000 else f"{value / 60:.0f} min"


def _shown(what: str, shown: int, count: int) -> str:
    return what if shown == count else f"{what}: the first {shown:,} of {count:,}"

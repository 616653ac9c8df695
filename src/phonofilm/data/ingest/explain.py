"""What happened to one clip or film, stage by stage, with its exact times."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from phonofilm.data.ingest.ledger import Fate, Ledger, fate_of
from phonofilm.data.ingest.rows import ClipRow, SourceRow
from phonofilm.errors import SettingError

if TYPE_CHECKING:
    from phonofilm.data.packed.rows import PackedClip


def explain(name: str, ledger: Ledger) -> list[str]:
    """Lines that say what each stage found and decided.

    Args:
        name: of a clip, or its beginning; or the path of a film as the scan names it.
        ledger: rows of all stages.

    Raises:
        SettingError: if there is no such clip or film, or several.
    """
    films = [row for row in ledger.sources if row.path == name]
    if films:
        return [*_film(films[0], ledger), *_clips_of(films[0], ledger)]
    clip = _clip(name, ledger)
    row = ledger.source[clip.source_id]
    return [f"clip {clip.clip_id} of {row.path}", *_film(row, ledger)[1:], *_clip_lines(clip, row, ledger)]


def _clip(name: str, ledger: Ledger) -> ClipRow:
    found = [clip for clip in ledger.clips if clip.clip_id.startswith(name)] if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingError(f"{len(found)} clips begin with {name!r}: give more of the name")
    known = [*(clip.clip_id for clip in ledger.clips), *(row.path for row in ledger.sources)]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "take a name from the report, or a path as the scan has it"
    raise SettingError(f"no clip or film is called {name!r}: {hint}")


def _film(row: SourceRow, ledger: Ledger) -> list[str]:
    fate = next((fate for lost, fate in ledger.lost if lost.path == row.path), None)
    scan = fate if fate is not None and fate.stage == "scan" else None
    lines = [f"film {row.path}", _line("scan", scan, f"{row.size} bytes, SHA-256 {row.sha256 or 'unknown'}")]
    if row.video is not None:
        video = row.video
        size = f"{video.width}x{video.height}, {video.fps} frames/s, time base {video.time_base} s"
        lines.append(_more(f"picture: {video.codec}, {size}"))
    if row.audio is not None:
        audio = row.audio
        first = f"first sample heard: {audio.first_sample}"
        lines.append(_more(f"sound: {audio.codec}, {audio.sample_rate} Hz, {' '.join(audio.speakers)}, {first}"))
    if row.video is not None or row.audio is not None:
        lines.append(_more(f"origin of its samples at {_time(row.origin)} of the file's clock"))
    if fate is not None and scan is None:
        lines.append(_line(fate.stage, fate, ""))
    return lines


def _clips_of(row: SourceRow, ledger: Ledger) -> Iterator[str]:
    if row.reason is not None:
        return  # clips with its bytes are those of the film that it is a copy of
    for clip in ledger.clips:
        if clip.source_id == row.source_id:
            fate = ledger.fates.get(clip.clip_id)
            said = "in" if fate is None else f"left out by {fate.stage} ({fate.reason.value}): {fate.message}"
            yield f"clip {clip.clip_id}: {_place(clip, row)}: {said}"


def _place(clip: ClipRow, row: SourceRow) -> str:
    """Ticks and seconds of the film's picture, or samples where it shows none."""
    span = clip.span
    if row.video is not None and span.frames:
        begin, end = (float(pts * row.video.time_base) for pts in (span.first_pts, span.end_pts))
        return f"ticks {span.first_pts} to {span.end_pts}, {begin:.3f} to {end:.3f} s"
    rate = row.audio.sample_rate if row.audio is not None else 1
    stop = span.first_sample + span.samples
    begin, end = (float(row.origin + Fraction(index, rate)) for index in (span.first_sample, stop))
    return f"samples {span.first_sample} to {stop}, {begin:.3f} to {end:.3f} s"


def _clip_lines(clip: ClipRow, row: SourceRow, ledger: Ledger) -> Iterator[str]:
    yield _line("split", fate_of("split", clip), "")
    yield from map(_more, _times(clip, row))
    yield from _judged(clip, ledger)
    subset = None if ledger.subsets is None else ledger.subsets.get(clip.source_id)
    if subset is not None:
        yield f"{'splits':8} {subset.value}"
    if clip.clip_id in ledger.cut:
        yield _line("cut", None, _made(ledger.cut[clip.clip_id]))
    for member in ledger.packed.get(clip.clip_id, ()):
        yield f"{'pack':8} {member.file}, bytes {member.offset} to {member.offset + member.size}: .{member.suffix}"
    fate = ledger.fates.get(clip.clip_id)
    yield "it is in" if fate is None else f"it is left out by {fate.stage}: {fate.reason.value}"


def _made(cut: PackedClip) -> str:
    """What a clip's file holds, and how far it is from the film."""
    said = []
    if cut.video is not None:
        error = f", at most {float(cut.frame_time_error * 1000):.3f} ms off" if cut.frame_time_error else ""
        said.append(f"{cut.video.frames} frames of {cut.video.height}x{cut.video.width}{error}")
    if cut.audio is not None:
        missing = f"; {cut.missing} samples are missing in the film and silent" if cut.missing else ""
        said.append(f"{cut.audio.samples} samples at {cut.audio.sample_rate} Hz{missing}")
    return ", ".join(said)


def _judged(clip: ClipRow, ledger: Ledger) -> Iterator[str]:
    """What the stages between cutting and packing said."""
    score, verdict = ledger.score.get(clip.clip_id), ledger.verdict.get(clip.clip_id)
    words = ledger.caption.get(clip.clip_id)
    if score is not None:
        yield f"{'score':8} measured:"
        for name, value in score.values.items():
            told = f"none ({score.why.get(name, 'not measured')})" if value is None else f"{value}"
            yield _more(f"{name}: {told}")
    if verdict is not None:
        yield _line("filter", fate_of("filter", verdict), verdict.message)
    if words is not None:
        told = f"{words.text!r} ({words.origin})" if words.text else words.message
        yield _line("caption", fate_of("caption", words), told)
    failed = {stage: fate for (stage, source), fate in ledger.failures.items() if source == clip.source_id}
    yield from (_line(stage, fate, "") for stage, fate in failed.items())


def _times(clip: ClipRow, row: SourceRow) -> Iterator[str]:
    """Where its picture and sound lie, in whole numbers and in seconds of the file's clock."""
    span = clip.span
    if row.video is not None and span.frames:
        begin, end = span.first_pts * row.video.time_base, span.end_pts * row.video.time_base
        yield (
            f"picture: {span.frames} frames, ticks {span.first_pts} to {span.end_pts}: "
            f"{_time(begin)} to {_time(end)}, {_time(end - begin)} long"
        )
    if row.audio is not None and span.samples:
        rate, stop = row.audio.sample_rate, span.first_sample + span.samples
        begin, end = (row.origin + Fraction(index, rate) for index in (span.first_sample, stop))
        yield (
            f"sound: {span.samples} samples, {span.first_sample} to {stop} at {rate} Hz: "
            f"{_time(begin)} to {_time(end)}, {_time(end - begin)} long"
        )
        if row.video is not None and span.frames:
            skew = begin - span.first_pts * row.video.time_base
            yield f"its sound begins {float(skew * 1_000_000):+.3f} microseconds after its picture"


def _line(stage: str, fate: Fate | None, more: str) -> str:
    said = f"left out ({fate.reason.value}): {fate.message}" if fate is not None else "in"
    return f"{stage:8} {said}" + (f"; {more}" if more and fate is None else "")


def _more(text: str) -> str:
    return f"{'':8} {text}"


def _time(value: Fraction) -> str:
    """Seconds to the microsecond, and exactly where that is not the whole truth."""
    rounded = f"{float(value):.6f} s"
    return rounded if value * 1_000_000 == int(value * 1_000_000) else f"{rounded} ({value})"

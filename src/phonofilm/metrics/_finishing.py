"""From what metrics gathered of clips and reference clips to a report: no metric's trouble is another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from phonofilm.errors import SettingError
from phonofilm.media.digest import sha256
from phonofilm.metrics._folder import pairing_name
from phonofilm.metrics._gathering import Column, Pass
from phonofilm.metrics._lifeless import notes as on_lifeless
from phonofilm.metrics._looking import told
from phonofilm.metrics._report import Reference, Report
from phonofilm.metrics._score import Metric, Score
from phonofilm.pair import AV

NAMED = 4
"""Clips of different rates that a note names at most."""
DIGITS = 12
"""Of the digest of reference films, as it is shown."""
NO_SENTENCE = "it has no sentence: give it a sidecar, or a caption in the manifest"


def finish(
    own: Pass,
    true: Pass | None,
    metrics: Sequence[Metric[Any]],
    seed: int,
    skip_bad: bool,
    digests: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """The report on a pass over clips and, where there are such, one over reference clips.

    Args:
        own, true: passes with the same metrics.
        metrics: each once.
        seed: of resampling and of wrong pairs.
        skip_bad: clips without a partner are left out of metrics that compare pairs.
        digests: of the bytes of reference films, by name.

    Raises:
        SettingError: if a metric is there twice.
    """
    if len({metric.name for metric in metrics}) != len(metrics):
        raise SettingError("a metric is named twice: name each once")
    skipped = {**own.skipped, **({} if true is None else true.skipped)}
    sentences = {Path(name).name: sentence for name, sentence in own.sentences.items()}
    report = Report((), own.clips, skipped, sentences=sentences)
    for place, metric in enumerate(metrics):
        column, others = own.columns[place], None if true is None else true.columns[place]
        if true is not None and others is not None and metric.needs_pairs:
            column = column.without(_unpaired(column, others, true.skipped, skip_bad))
        report = _with(report, metric, own, column, others, seed, digests)
    return replace(report, notes=(*_rates(own, true), *_lifeless(own, true, metrics), *report.notes))


def _with(
    report: Report,
    metric: Metric[Any],
    own: Pass,
    column: Column,
    others: Column | None,
    seed: int,
    digests: Mapping[str, str],
) -> Report:
    """The report with one more metric."""
    definition = f"{metric.name}@{metric.version}"
    scores, notes = _scores(metric, column, others, seed)
    every = own.clips + len(own.skipped)
    fps, sample_rate = (_common(rates) for rates in zip(*own.rates, strict=True))
    refused = {**({} if others is None else others.refused), **column.refused}
    return replace(
        report,
        scores=(
            *report.scores,
            *(replace(one, excluded=every - one.n, fps=fps, sample_rate=sample_rate) for one in scores),
        ),
        counted={**report.counted, definition: [Path(name).name for name in column.names]},
        refused={**report.refused, **({definition: refused} if refused else {})},
        uncounted={
            **report.uncounted,
            **({definition: _uncounted(metric, column, own.sentences)} if column.uncounted else {}),
        },
        references={
            **report.references,
            **({definition: _reference(others, digests)} if others is not None and metric.needs_reference else {}),
        },
        notes=(*report.notes, *notes),
    )


def _uncounted(metric: Metric[Any], column: Column, sentences: Mapping[str, str]) -> dict[str, str]:
    """Why clips do not count, by name."""
    return {
        name: NO_SENTENCE if metric.uses_prompt and name not in sentences else metric.uncounted
        for name in column.uncounted
    }


def _common(rates: Iterable[Any]) -> Any:
    """What all agree on; ``None`` if they do not."""
    found = set(rates)
    return found.pop() if len(found) == 1 else None


def _unpaired(own: Column, true: Column, skipped: Mapping[str, str], skip_bad: bool) -> dict[str, str]:
    """Clips whose reference clip was left out, with the reason; and those that never had one, if that is allowed.

    Where no clip has a partner the two folders do not belong together, which the metric itself says.
    """
    there = {pairing_name(name) for name in true.names}
    gone = {pairing_name(name): reason for name, reason in {**skipped, **true.refused}.items()}
    lonely = skip_bad and any(pairing_name(name) in there for name in own.names)
    found = {}
    for name in own.names:
        stem = pairing_name(name)
        if stem in there:
            continue
        if stem in gone:
            found[name] = f"{name}: its reference clip was left out ({gone[stem]})"
        elif lonely:
            found[name] = f"{name}: no reference clip is called {stem}: give both folders the same names"
    return found


def _reference(true: Column, digests: Mapping[str, str]) -> Reference:
    """Order and names of the films have no part in the digest."""
    known = sorted(digests[name] for name in true.names if name in digests)
    whole = known and len(known) == len(true.names)
    return Reference(len(true.names), sha256("".join(known).encode())[:DIGITS] if whole else "")


def _scores(metric: Metric[Any], own: Column, true: Column | None, seed: int) -> tuple[list[Score], list[str]]:
    """A metric's scores with their ceilings, or why there are none, and what else is to be said; others go on."""
    needed = true is not None and metric.needs_reference
    if broken := own.broken or (true.broken if true is not None and needed else None):
        return _valueless(metric, broken, seed)
    records = None if true is None or true.broken else true.records
    try:
        found = metric.scores(own.records, records, seed)
    except Exception as error:  # noqa: BLE001  # a metric of anybody's: whatever it is, it is told
        return _valueless(metric, told(error), seed)
    if true is None:
        return found, []
    ceilings, notes = _ceilings(metric, true, seed)
    return [
        replace(one, ceiling=ceilings.get(one.name) if one.ceiling is None else one.ceiling) for one in found
    ], notes


def _ceilings(metric: Metric[Any], true: Column, seed: int) -> tuple[dict[str, float | None], list[str]]:
    """The scores of the reference clips by themselves, or a sentence on why there are none."""
    reason = true.broken
    try:
        if reason is None and true.records:
            return {one.name: one.value for one in metric.scores(true.records, None, seed)}, []
    except Exception as error:  # noqa: BLE001  # see above; the score itself stands
        reason = told(error)
    return {}, [] if reason is None else [f"{metric.name} has no value of the reference clips: {reason}"]


def _valueless(metric: Metric[Any], reason: str, seed: int) -> tuple[list[Score], list[str]]:
    """A metric's scores, none with a value; where it cannot even name them, a sentence."""
    try:
        named = metric.scores([], None, seed)
    except Exception as error:  # noqa: BLE001  # see above
        return [], [f"{metric.name} gave no score: {reason}; nor without clips: {told(error)}"]
    return [replace(one, value=None, interval=None, method="", parts=None, reason=reason) for one in named], []


def _rates(own: Pass, true: Pass | None) -> list[str]:
    """A sentence if clips differ in rate: it names one of each."""
    every = {**({} if true is None else true.rates), **own.rates}
    sounding = {rate for _, rate in every if rate}
    if len({fps for fps, _ in every}) < 2 and len(sounding) < 2:
        return []
    named = [f"{name} has {_rate(*rates)}" for rates, name in islice(every.items(), NAMED)]
    more = f" (and {len(every) - NAMED} more)" if len(every) > NAMED else ""
    return [
        f"films differ in their rates: {', '.join(named)}{more}; many scores change with the rate, so bring all "
        "to one, or score them apart"
    ]


def _lifeless(own: Pass, true: Pass | None, metrics: Sequence[Metric[Any]]) -> list[str]:
    """Sentences on frozen and silent clips of both passes, as far as some metric looks at that side."""
    used = AV(any(metric.uses.video for metric in metrics), any(metric.uses.audio for metric in metrics))
    others = AV[list[str]]([], []) if true is None else true.lifeless
    return on_lifeless(
        used.map(lambda side, *films: list(dict.fromkeys(chain(*films))) if side else [], own.lifeless, others)
    )


def _rate(fps: Fraction, sample_rate: int) -> str:
    return f"{float(fps):.6g} fps" + (f" and {sample_rate} Hz" if sample_rate else "")

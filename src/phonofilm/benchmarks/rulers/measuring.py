"""Every metric of sync on every variant of every take."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.clapperboard import versions
from phonofilm.benchmarks.rulers.grounds import Ground, grounds
from phonofilm.benchmarks.rulers.scoring import described, measured
from phonofilm.benchmarks.rulers.showing import Kept, Shown
from phonofilm.benchmarks.rulers.takes import Take
from phonofilm.benchmarks.rulers.variants import Variant
from phonofilm.data.clapperboard import HELD_OUT
from phonofilm.errors import MediaError, PhonofilmError, SettingError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.metrics import Given, Metric, find, kind, names
from phonofilm.metrics._kinds.captioned import Captioned
from phonofilm.pair import AV
from phonofilm.workers import helpers

FORMAT, FORMAT_VERSION = "phonofilm-rulers", 2
ONSETS = ("onset-f1", "onset-ap")
"""Metrics of one side that belong here: they ask when it sounds."""
BY_TRUTH = ("event-detectors",)
"""Metrics that need to know the events, and so are no metrics of clips."""
AHEAD = 2
RESULTS = "rulers.json"

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What is calibrated, and on what.

    Attributes:
        out: readings and results; a run that was stopped reads on from there.
        n: scenes.
        first_seed: of the held-out scenes.
        clips: folder of films; ``None``: scenes only.
        metrics: names; ``None``: all metrics of sync and of what belongs together that can be had.
        given: weights of published networks.
        workers: processes that look and listen.
    """

    out: Path = Path("out/rulers")
    n: int = 512
    first_seed: int = HELD_OUT
    clips: Path | None = None
    metrics: tuple[str, ...] | None = None
    given: Given = field(default_factory=Given)
    workers: int = 1

    def __post_init__(self) -> None:
        if self.n < 4:
            raise SettingError(f"{self.n} scenes calibrate nothing: choose at least 4 (512 for results that hold)")


def run(options: Options, *, command: str = "", progress: Progress | None = None, say: Say | None = None) -> dict:
    """Calibrate, and write ``rulers.json`` in ``options.out``.

    Args:
        options: see there.
        command: kept in the results for whoever wants to repeat them.
        progress: told (steps done, steps in all); a step is a take read, or shown to a metric.
        say: told in a sentence of metrics and films that are left out.

    Returns:
        The results: plain values, see :mod:`phonofilm.benchmarks.rulers.page`.

    Raises:
        SettingError: for an unknown metric, or if none can be had.
        MediaError: if there are no films in the folder, or the disk is full or not writable.
    """
    say = say or (lambda sentence: None)
    work = Work(options, progress or (lambda done, total: None))
    for name, reason in work.left_out.items():
        say(f"{name} is left out: {reason}")
    make_folder(options.out)
    results = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "command": command,
        "versions": versions(),
        "left_out": work.left_out,
        "grounds": [work.ground(ground) for ground in work.grounds],
    }
    write_atomically(options.out / RESULTS, (json.dumps(results, indent=1) + "\n").encode(), force=True)
    return results


def wanted(options: Options) -> tuple[list[Metric[Any]], dict[str, str]]:
    """The metrics, and why each of the others that were meant is left out, by name."""
    chosen, left_out = [], {}
    for name in options.metrics or tuple(name for name in names() if _meant(name)):
        try:
            chosen.append(find(name, options.given))
        except SettingError as error:
            if options.metrics is not None:
                raise
            left_out[name] = str(error)
    if not chosen:
        raise SettingError("no metric can be had: name weights, or leave --metrics out")
    return chosen, left_out


def _meant(name: str) -> bool:
    metric = kind(name)
    both = metric.uses == AV(True, True) and not metric.needs_codec and name not in BY_TRUTH
    return both or name in ONSETS or issubclass(metric, Captioned)


@dataclass
class Gathered:
    """What one metric made of the takes so far.

    Attributes:
        records: by the name of the variant.
        refused: why a take cannot be measured, by its name.
    """

    records: dict[str, list[Any]]
    refused: dict[str, str] = field(default_factory=dict)


class Work:
    """One run.

    Args:
        options, progress: see :func:`run`.
    """

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options, self._progress = options, progress
        self.metrics, self.left_out = wanted(options)
        self.grounds = grounds(options.first_seed, options.n, options.clips)
        self._done, self._total = 0, sum(len(one.takes) for one in self.grounds) * (1 + len(self.metrics))

    @cached_property
    def _folder(self) -> Path:
        return self.options.out / "readings"

    def ground(self, ground: Ground) -> dict[str, Any]:
        """All metrics on all takes, as plain values."""
        skipped = dict(ground.skipped) | {name: reason for name, reason in self._read(ground) if reason}
        good = [take for take in ground.takes if take.name not in skipped]
        if not good:
            raise MediaError(f"none of the {len(ground.takes)} films can be read: {next(iter(skipped.values()))}")
        gathered = {metric.name: Gathered({variant.name: [] for variant in ground.variants}) for metric in self.metrics}
        for take in good:
            self._gather(gathered, take, ground.variants)
        return {
            "title": ground.title,
            "about": dict(ground.about),
            "n": len(good),
            "skipped": skipped,
            "variants": [variant.to_json() for variant in ground.variants],
            "metrics": {
                metric.name: {
                    **described(metric),
                    "refused": gathered[metric.name].refused,
                    "scores": measured(metric, gathered[metric.name].records, ground.fps),
                }
                for metric in self.metrics
            },
        }

    def _read(self, ground: Ground) -> Iterator[tuple[str, str]]:
        """Have every take of a ground read; its name, and why it cannot be read (or "")."""
        count = len(ground.takes)
        if self.options.workers == 1:
            for index in range(count):
                yield self._step(read_take(ground, index, self.metrics, self._folder))
            return
        rest, running = iter(range(count)), deque[Future[tuple[str, str]]]()
        with helpers(self.options.workers, _begin, self.options, ground, self._folder) as pool:

            def begin(more: int) -> None:
                running.extend(pool.schedule(_in_helper, (index,)) for index in islice(rest, more))

            begin(AHEAD * self.options.workers)
            while running:
                outcome = running.popleft().result()
                begin(1)
                yield self._step(outcome)

    def _step(self, outcome: Any) -> Any:
        self._done += 1
        self._progress(self._done, self._total)
        return outcome

    def _gather(self, gathered: Mapping[str, Gathered], take: Take, some: Sequence[Variant]) -> None:
        """What each metric makes of one take in all its variants."""
        kept = Kept.of(take, self._folder)  # once for all metrics: loading it costs more than most of them
        for metric in self.metrics:
            own = gathered[metric.name]
            try:
                found = [metric.measure(Shown(take, variant, kept)) for variant in some]
            except PhonofilmError as error:
                own.refused[take.name] = str(error)
            else:
                for variant, record in zip(some, found, strict=True):
                    own.records[variant.name].append(record)
            self._step(None)


def read_take(ground: Ground, index: int, metrics: Sequence[Metric[Any]], folder: Path) -> tuple[str, str]:
    """Have all that the metrics need of a take read and kept.

    Returns:
        Its name, and why it cannot be read ("" if it can).
    """
    take = ground.takes[index]
    kept = Kept.of(take, folder)
    try:
        Shown(take, ground.variants[0], kept).check(AV(True, True))
    except MediaError as error:
        return take.name, str(error)
    for variant in ground.variants:
        for metric in metrics:
            try:
                metric.measure(Shown(take, variant, kept))
            except PhonofilmError:
                continue  # it is met again, and told, where the metric is scored
    kept.save()
    return take.name, ""


_helping: tuple[Ground, Sequence[Metric[Any]], Path]


def _begin(options: Options, ground: Ground, folder: Path) -> None:
    global _helping
    _helping = (ground, wanted(options)[0], folder)


def _in_helper(index: int) -> tuple[str, str]:
    ground, metrics, folder = _helping
    return read_take(ground, index, metrics, folder)

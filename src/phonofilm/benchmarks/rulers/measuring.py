"""Every metric of sync on every variant of every take."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from phonofilm.benchmarks.clapperboard import versions
from phonofilm.benchmarks.rulers.judging import judged
from phonofilm.benchmarks.rulers.showing import Kept, Shown
from phonofilm.benchmarks.rulers.takes import FilmTake, SceneTake, Take, paired
from phonofilm.benchmarks.rulers.variants import TRUE, USUAL_FPS, Variant, variants
from phonofilm.benchmarks.sources import digest
from phonofilm.data.clapperboard import HELD_OUT, VERSION, Scene, sample_scene
from phonofilm.errors import MediaError, PhonofilmError, SettingError
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.metrics import Given, Metric, find, kind, names
from phonofilm.metrics._folder import films
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.workers import helpers

FORMAT, FORMAT_VERSION = "phonofilm-rulers", 1
SHAPE = ClipShape(Fraction(2), USUAL_FPS, 64, 64, 16_000)
SIZES = (32, 128, 512)
"""Numbers of clips that noise is told for."""
LIKEWISE = ("onset-f1", "onset-ap", "clap-score", "clip-score", "imagebind-text-audio", "imagebind-text-video")
"""Metrics of one side that belong here: they compare it with true clips, or with words."""
BY_TRUTH = ("event-detectors",)
"""Metrics that need to know the events, and so are no metrics of clips."""
SEED = 0
"""Of intervals and wrong pairs."""
AHEAD = 2
RESULTS = "rulers.json"

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What is calibrated, and on what.

    Attributes:
        out: readings and results; a run that was stopped continues from there.
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


@dataclass(frozen=True)
class Ground:
    """Takes of one origin, and what is done to them.

    Attributes:
        title: in words.
        takes, variants: all of both are measured.
        about: all that decides the takes, as plain values.
        fps: of the takes as they are, in words.
    """

    title: str
    takes: Sequence[Take]
    variants: tuple[Variant, ...]
    about: Mapping[str, Any]
    fps: str = f"{float(USUAL_FPS):g}"


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
    return both or name in LIKEWISE


def scenes(first_seed: int, n: int) -> list[Scene]:
    """Held-out scenes in which something is both seen and heard."""
    drawn = (sample_scene(seed, seconds=SHAPE.seconds, sample_rate=SHAPE.sample_rate) for seed in count(first_seed))
    return list(islice((one for one in drawn if any(e.visible and e.audible for e in one.events)), n))


def grounds(options: Options) -> list[Ground]:
    """Scenes, and films if a folder is named.

    Raises:
        MediaError: if the folder holds no films with picture and sound.
    """
    drawn = scenes(options.first_seed, options.n)
    about = {"clapperboard": VERSION, "scenes": [drawn[0].seed, drawn[-1].seed], "shape": str(SHAPE)}
    takes = [SceneTake(one, other, SHAPE) for one, other in paired(drawn)]
    found = [Ground("Clapperboard scenes", takes, variants(scenes=True), about)]
    if options.clips is not None:
        pairs = paired(films(options.clips))
        real = [FilmTake(one.path, other.path, one.prompt) for one, other in pairs]
        found.append(
            Ground("Films", real, variants(scenes=False), {"films": [take.name for take in real]}, "their own")
        )
    return found


class Work:
    """One run.

    Args:
        options, progress: see :func:`run`.
    """

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options, self._progress = options, progress
        self.metrics, self.left_out = wanted(options)
        self.grounds = grounds(options)
        self._done, self._total = 0, sum(len(one.takes) for one in self.grounds) * (1 + len(self.metrics))

    @cached_property
    def _folder(self) -> Path:
        return self.options.out / "readings"

    def ground(self, ground: Ground) -> dict[str, Any]:
        """All metrics on all takes, as plain values."""
        place = self.grounds.index(ground)
        skipped = {name: reason for name, reason in self._read(place) if reason}
        good = [take for take in ground.takes if take.name not in skipped]
        if not good:
            raise MediaError(f"none of the {len(ground.takes)} films can be read: {next(iter(skipped.values()))}")
        found = {metric.name: self._metric(metric, ground, good) for metric in self.metrics}
        return {
            "title": ground.title,
            "about": dict(ground.about),
            "n": len(good),
            "skipped": skipped,
            "variants": [variant.to_json() for variant in ground.variants],
            "metrics": found,
        }

    def _read(self, place: int) -> Iterator[tuple[str, str]]:
        """Have every take of a ground read; its name, and why it cannot be read (or "")."""
        count = len(self.grounds[place].takes)
        if self.options.workers == 1:
            for index in range(count):
                yield self._step(read_take(self.grounds[place], index, self.metrics, self._folder))
            return
        rest, running = iter(range(count)), deque[Future[tuple[str, str]]]()
        with helpers(self.options.workers, _begin, self.options, place, self._folder) as pool:

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

    def _metric(self, metric: Metric[Any], ground: Ground, takes: Sequence[Take]) -> dict[str, Any]:
        """One metric on all variants, found finished or made now."""
        identity = [metric.name, metric.version, metric.about.extractor, metric.about.resampler]
        described = [take.describe() for take in takes]
        path = (
            self.options.out / "rows" / f"{digest([identity, described, [v.to_json() for v in ground.variants]])}.json"
        )
        if path.exists():
            for _ in takes:
                self._step(None)
            return json.loads(path.read_text(encoding="utf-8"))
        records: list[list[Any]] = [[] for _ in ground.variants]
        refused: dict[str, str] = {}
        for take in takes:
            try:
                found = self._shown(metric, take, ground.variants)
            except PhonofilmError as error:
                refused[take.name] = str(error)
            else:
                for gathered, record in zip(records, found, strict=True):
                    gathered.append(record)
            self._step(None)
        row = {
            "definition": f"{metric.name}@{metric.version}",
            "refused": refused,
            "scores": measured(metric, dict(zip((v.name for v in ground.variants), records, strict=True)), ground.fps),
        }
        make_folder(path.parent)
        write_atomically(path, (json.dumps(row, indent=1) + "\n").encode(), force=True)
        return row

    def _shown(self, metric: Metric[Any], take: Take, some: Sequence[Variant]) -> list[Any]:
        kept = Kept.of(take, self._folder)
        return [metric.measure(Shown(take, variant, kept)) for variant in some]


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


def measured(metric: Metric[Any], records: Mapping[str, list[Any]], fps: str) -> dict[str, Any]:
    """All scores of one metric by name: their values on each variant, their noise, and what follows.

    Args:
        metric: that made the records.
        records: by the name of the variant.
        fps: of clips as they are, in words.
    """
    true = [record for record in records[TRUE] if record is not None]
    reference = true if metric.needs_reference else None

    def scores(some: Sequence[Any], compared: Sequence[Any] | None = reference) -> dict[str, dict[str, Any]]:
        counted = [record for record in some if record is not None]
        return {one.name: _short(one.to_json()) for one in metric.scores(counted, compared, SEED)} if counted else {}

    values = {name: scores(some) for name, some in records.items()}
    parts = {size: [scores(part) for part in _parts(true, size)] for size in SIZES}
    single = [scores([record]) for some in records.values() for record in some[: SIZES[0]] if record is not None]
    return {
        name: judged(
            name,
            {variant: found[name] for variant, found in values.items() if name in found},
            {size: [part[name]["value"] for part in some] for size, some in parts.items()},
            [one[name]["value"] for one in single],
            fps,
        )
        for name in metric.gives
        if name in values[TRUE]
    }


def _short(score: dict[str, Any]) -> dict[str, Any]:
    return {what: score[what] for what in ("value", "interval", "n", "chance", "unit", "better", "reason")}


def _parts(records: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """As many disjoint sets of this size as there are, in the order of the clips."""
    order = np.random.default_rng(SEED).permutation(len(records))
    return [[records[i] for i in order[at : at + size]] for at in range(0, len(records) - size + 1, size)]


_helping: tuple[Ground, Sequence[Metric[Any]], Path]


def _begin(options: Options, place: int, folder: Path) -> None:
    global _helping
    _helping = (grounds(options)[place], wanted(options)[0], folder)


def _in_helper(index: int) -> tuple[str, str]:
    ground, metrics, folder = _helping
    return read_take(ground, index, metrics, folder)

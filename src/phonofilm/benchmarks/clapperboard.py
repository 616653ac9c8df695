"""The SVG paper's Table I in miniature (arXiv 2409.17550): ways to couple picture and sound, side by side.

Every row has the same prompts and seeds. The models share one codec and were trained jointly on equally many clips:
others are refused. They stand beside chance (each picture with the sound of another clip), the ceiling (true clips)
and the codec's own ceiling. The model called ``cmc-pe`` is sampled with several timestep adjustments, which need no
training; the others with gamma 1.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from phonofilm.benchmarks.scoring import METRICS, Scorer
from phonofilm.benchmarks.sources import (
    Coded,
    Generated,
    Made,
    Shuffled,
    Source,
    Truth,
    codec_fingerprint,
    digest,
)
from phonofilm.benchmarks.table import COLUMNS
from phonofilm.benchmarks.task import Task
from phonofilm.data.clapperboard import HELD_OUT
from phonofilm.errors import WeightsError, unknown_name
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.models import Model, StageRecord, catalogue
from phonofilm.pipelines.joint import Pipeline, load

FORMAT, VERSION = "phonofilm-bench", 1
SWEPT = "cmc-pe"
GAMMAS = (1.0, 1.25, 1.5, 2.0, 3.0)
KINDS = {"uncoupled": "none", "cross-attention": "cross-attention", SWEPT: "cmc-pe"}
"""The models of the table and the coupling that each is trained with."""
TRAINED, RUNS = "svg-tiny", "runs/tiny"
MODELS = {name: f"{RUNS}/{TRAINED}-{kind}" for name, kind in KINDS.items()}
"""Where they are looked for: the finished models of a plan."""
SHIPPED = {SWEPT: TRAINED}
"""Those that ship, by their names in the catalogue: taken where no finished model is."""
UNTRAINED = "none on record"
RESULTS, PLOT = "results.json", "clapperboard.png"

Progress = Callable[[int, int], None]
"""Called with the clips done and the clips in all; a clip counts once when made and once when scored."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What is compared, and how.

    Attributes:
        models: name or folder of each model, by its name in the table; of :data:`MODELS` those that ship are taken
            from there where they were not trained.
        out: clips, scores and results; a run that was stopped continues from there.
        n: prompts.
        first_seed: of the held-out scenes.
        gammas: timestep adjustments of the model called ``cmc-pe``.
        settings: sampling settings of every row beside gamma, as for :meth:`Pipeline.settings`.
        metrics: names of metrics.
        batch: clips sampled together.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    models: Mapping[str, str] = field(default_factory=lambda: dict(MODELS))
    out: Path = Path("out/bench")
    n: int = 256
    first_seed: int = HELD_OUT
    gammas: tuple[float, ...] = GAMMAS
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = METRICS
    batch: int = 8
    device: str = "auto"


def run(
    options: Options, *, command: str = "", progress: Progress | None = None, say: Say | None = None
) -> dict[str, Any]:
    """Make and score every row, and write ``results.json`` in ``options.out``.

    Args:
        options: see there.
        command: kept in the results for whoever wants to repeat them.
        progress: told of clips done.
        say: told in a sentence of each finished row and of models left out.

    Returns:
        The results: plain values, see :mod:`phonofilm.benchmarks.table`.

    Raises:
        SettingError: for an unknown model, setting or metric, or too few prompts.
        WeightsError: if no model at all is at hand, one is damaged, or two differ in codec or joint training.
        MediaError: if the disk is full or not writable.
    """
    say = say or (lambda sentence: None)
    places = {name: _place(name, place) for name, place in options.models.items()}
    left_out = missing(places)
    for name, reason in left_out.items():
        say(f"{name} is left out: {reason}")
    at_hand = {name: place for name, place in places.items() if name not in left_out}
    if not at_hand:
        raise WeightsError(f"no model of the table is at hand; {'; '.join(left_out.values())}")
    pipes = {name: load(place, device=options.device, batch=options.batch) for name, place in at_hand.items()}
    check_equal_terms({name: pipe.model for name, pipe in pipes.items()})
    make_folder(options.out)
    first = next(iter(pipes.values())).model
    task = Task(options.n, first.shape, options.first_seed)
    scorer = Scorer(task, first.codec, options.out / "rows", options.metrics)
    sources = [*models(task, pipes, options), *_bounds(task, pipes, options)]
    results = {
        "format": FORMAT,
        "version": VERSION,
        "benchmark": "clapperboard",
        "command": command,
        "task": task.describe(),
        "ruler": scorer.describe(),
        "versions": versions(),
        "columns": [column.to_json() for column in COLUMNS],
        "left_out": left_out,
        "models": {
            name: [record.model_dump(mode="json") for record in pipe.model.training] for name, pipe in pipes.items()
        },
        "rows": list(_rows(sources, scorer, progress, say)),
    }
    write_atomically(options.out / RESULTS, (json.dumps(results, indent=1) + "\n").encode(), force=True)
    return results


def missing(models: Mapping[str, str]) -> dict[str, str]:
    """Why each model of the table that is not at hand is left out, by name.

    Raises:
        SettingError: for a model that is neither a folder nor the name of one that exists.
    """
    unnamed = {name: f"name its folder with --model {name}=FOLDER" for name in KINDS if name not in models}
    return unnamed | {name: _advice(name, place) for name, place in models.items() if not _at_hand(place)}


def check_equal_terms(rows: Mapping[str, Model]) -> None:
    """See that no row has an advantage that is not its coupling's.

    Raises:
        WeightsError: if a model has another codec than the first, or a stage of its training was longer or other.
    """
    terms = {name: _terms(model) for name, model in rows.items()}
    first = next(iter(terms))
    for name, own in terms.items():
        for what in own | terms[first]:
            found, wanted = own.get(what, UNTRAINED), terms[first].get(what, UNTRAINED)
            if found != wanted:
                raise WeightsError(
                    f"{name} differs from {first} in {what} ({found}, not {wanted}), so their rows "
                    f"cannot be compared: give both the same joint training and finish both beside one codec "
                    f"({' and '.join(dict.fromkeys((_training(first), _training(name))))}), or leave one out"
                )


def models(task: Task, pipes: Mapping[str, Pipeline], options: Options) -> list[Generated]:
    """The rows of the models, in the order in which they were named."""
    return [
        Generated(task, pipe, pipe.settings(**{**options.settings, "gamma": gamma}), label, options.out / "clips")
        for name, pipe in pipes.items()
        for gamma, label in _labels(name, options.gammas)
    ]


def versions() -> dict[str, str]:
    """Of everything that numbers depend on."""
    packages = {name: version(name) for name in ("phonofilm", "torch", "diffusers", "numpy", "librosa")}
    return {"python": platform.python_version(), **packages}


def _labels(name: str, gammas: Sequence[float]) -> list[tuple[float, str]]:
    return [(gamma, f"{name}, gamma {gamma:g}") for gamma in gammas] if name == SWEPT else [(1.0, name)]


def _bounds(task: Task, pipes: Mapping[str, Pipeline], options: Options) -> list[Source]:
    """Chance and ceiling. Chance is that of the swept model without timestep adjustment, and of true clips."""
    truth = Truth(task)
    plain = {SWEPT: pipes[SWEPT]} if SWEPT in pipes else {}
    codec = next(iter(pipes.values())).model.codec
    mixed = models(task, plain, replace(options, gammas=(1.0,)))
    return [*(Shuffled(task, one) for one in mixed), Shuffled(task, truth), Coded(task, codec), truth]


def _terms(model: Model) -> dict[str, str]:
    """What must be the same in all rows: the codec, and how much and how each stage was trained."""
    stages = dict.fromkeys(("joint", *(record.stage for record in model.training)))
    return {"codec": digest(codec_fingerprint(model.codec))} | {
        f"{stage} training": _runs([record for record in model.training if record.stage == stage]) for stage in stages
    }


def _runs(records: Sequence[StageRecord]) -> str:
    runs = (f"{one.clips:,} clips, {one.batch} a step, learning rate {one.learning_rate:g}" for one in records)
    return " and then ".join(runs) or UNTRAINED


def _training(name: str) -> str:
    """The command that trains a model of the table, or goes on where it stands, and finishes it."""
    kind = KINDS.get(name, "KIND")
    return f"'phonofilm train {TRAINED} --from-scratch --stage joint --coupling {kind} -o {RUNS}'"


def _rows(sources: Sequence[Source], scorer: Scorer, progress: Progress | None, say: Say) -> Iterator[dict[str, Any]]:
    """Each source's row, found finished or made now."""
    n, done = scorer.task.n, 0

    def advance(at_most: int) -> Made:
        """Counts up to ``at_most``, whatever the row's own way there."""

        def made(clips: int) -> None:
            nonlocal done
            done = min(done + clips, at_most)
            if progress is not None:
                progress(done, 2 * n * len(sources))

        return made

    for place, source in enumerate(sources):
        began, row = time.monotonic(), scorer.finished(source)
        half, whole = advance((2 * place + 1) * n), advance((2 * place + 2) * n)
        if row is None:
            source.make(half)
            half(n)
            row = scorer.score(source, whole)
            say(f"{source.label}: {n} clips in {time.monotonic() - began:.0f} s")
        else:
            say(f"{source.label}: finished before")
        whole(2 * n)
        yield {**row, **source.facts()}


def _place(name: str, place: str) -> str:
    """Where a model is taken from: what ships stands in for a model of the table that was not trained."""
    untrained = place == MODELS.get(name) and not _at_hand(place)
    return SHIPPED.get(name, place) if untrained else place


def _at_hand(place: str) -> bool:
    if Path(place).is_dir() or len(Path(place).parts) > 1:
        return (Path(place) / "model.json").is_file()
    known = catalogue()
    if place not in known:
        raise unknown_name("model", place, known)
    return known[place].folder is not None


def _advice(name: str, place: str) -> str:
    how = f"train it with {_training(name)}, or " if name in KINDS else ""
    return f"{place} holds no weights: {how}name another folder with --model {name}=FOLDER"

"""One modality given, the other made for it: is what is made in time with what was given?

Held-out Clapperboard films; ``dubbed`` keeps each picture and makes sound from the caption, ``illustrated`` keeps
the sound and makes the picture. Scores are those of ``phonofilm score``: chance is that of wrong pairs of the same
clips, the ceiling that of the true films.

    python bench/given_side.py [MODEL] [--films 64] [--steps N] [--guidance video=7.5,audio=2.5] [--write FILE.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import _results

from phonofilm.cli.parse import scales
from phonofilm.cli.progress import progress
from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.metrics import Report, Subject, find, score
from phonofilm.pair import AV
from phonofilm.pipelines.given import PICTURE, SOUND, take_given
from phonofilm.pipelines.joint import Pipeline, load
from phonofilm.pipelines.request import Request

METRICS = ("event-sync", "material-match")
SHOWN = (
    "event-f1-frame",
    "event-f1-125ms",
    "event-offset-median",
    "event-error-p50",
    "event-error-p90",
    "material-picture",
    "material-sound",
)
WAYS = {"dubbed": PICTURE, "illustrated": SOUND}


def main() -> None:
    """Print the scores of both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="svg-tiny", help="svg-tiny, or a folder that training wrote")
    parser.add_argument("--films", type=int, default=64)
    parser.add_argument("--first-seed", type=int, default=HELD_OUT)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=scales)
    parser.add_argument("--batch", type=int, default=4, help="clips sampled together")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    _results.add_write(parser)
    given = parser.parse_args()
    pipe = load(given.model, batch=given.batch)
    settings = {"steps": given.steps, "guidance": given.guidance}
    seeds = range(given.first_seed, given.first_seed + given.films)
    result: dict[str, Any] = {"films": given.films, "first seed": given.first_seed}
    for way in given.ways:
        report = score(
            made(pipe, seeds, WAYS[way], settings), [find(name) for name in METRICS], reference=films(pipe, seeds)
        )
        result[way] = dict(rows(report))
    note = "Held-out Clapperboard films; in brackets 95 % bootstrap intervals over films."
    _results.publish("given-side", "One modality made for the other", note, result, given.write)


def films(pipe: Pipeline, seeds: range) -> Iterator[Subject]:
    """True films of the shape that the model makes."""
    shape = pipe.model.shape
    for scene in (sample_scene(seed, seconds=shape.seconds) for seed in seeds):
        yield Subject(f"scene {scene.seed}", render(scene, shape), scene.caption, scene.events)


def made(pipe: Pipeline, seeds: range, held: AV[bool], settings: dict[str, Any]) -> Iterator[Subject]:
    """The same films with one side of them made anew from the caption; the scene's seed is the clip's."""
    truth = list(films(pipe, seeds))
    chosen = pipe.settings(**settings)
    requests = [
        Request(film.prompt or "", seed, chosen, take_given(film.clip, held, pipe.shape(chosen)))
        for seed, film in zip(seeds, truth, strict=True)
    ]
    with progress("sampling", "films") as report:
        takes = pipe.stream(requests)
        for done, (film, take) in enumerate(zip(truth, takes, strict=True), start=1):
            report(done, len(truth))
            yield Subject(film.name, take.clip, film.prompt, film.truth)


def rows(report: Report) -> Iterator[tuple[str, Any]]:
    """The scores that are shown, each with chance and ceiling."""
    for name in SHOWN:
        found = report[name]
        yield name, {"value": found.value, "interval": found.interval}
        yield f"{name}, wrong pairs", found.chance
        yield f"{name}, true films", found.ceiling


if __name__ == "__main__":
    main()

"""Sidecars of anybody's films: a sentence is taken where there is one, and no sidecar stops a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phonofilm.errors import MediaError
from phonofilm.metrics import score_folder
from phonofilm.metrics._folder import films, pairing_name


@pytest.mark.parametrize(
    ("content", "prompt"),
    [
        ({"prompt": "a drum is hit", "text": "an older one"}, "a drum is hit"),
        ({"seed": 1, "caption": "a drum is hit"}, "a drum is hit"),
        ({"text": "a drum is hit"}, "a drum is hit"),
        ({"prompt": None, "caption": "a drum is hit"}, "a drum is hit"),
        ({"prompt": 5}, None),
        ({"seed": 1, "fps": 24}, None),
        ([1, 2], None),
    ],
)
def test_the_sentence_of_a_sidecar(content: object, prompt: str | None, noise: Callable[[int], Path]) -> None:
    folder = noise(1)
    (folder / "0.json").write_text(json.dumps(content))
    (film,) = films(folder)
    assert (film.prompt, film.foreign) == (prompt, prompt is None)


def test_a_sidecar_about_something_else_is_said_and_stops_nothing(noise: Callable[[int], Path]) -> None:
    folder = noise(3)
    for i in range(2):
        (folder / f"{i}.json").write_text('{"seed": 1}')
    report = score_folder(folder, metrics=["avalign-svg"])
    assert report["avalign-svg"].n == 3
    (note,) = report.notes
    assert note.startswith(f"0.json (and 1 more) in {folder} holds no sentence (prompt, caption, text)")


def test_a_damaged_sidecar_is_its_films_trouble_alone(noise: Callable[[int], Path]) -> None:
    folder = noise(3)
    (folder / "1.json").write_text('{"prompt": "a dr')
    with pytest.raises(MediaError, match=r"1\.json beside its film cannot be read"):
        score_folder(folder, metrics=["avalign-svg"])
    report = score_folder(folder, metrics=["avalign-svg"], skip_bad=True)
    assert (report["avalign-svg"].n, report["avalign-svg"].excluded) == (2, 1)
    assert list(report.skipped) == [str(films(folder)[1].path)]


def test_a_film_of_a_manifest_may_have_no_caption(noise: Callable[[int], Path]) -> None:
    folder = noise(1)
    (film,) = films(folder)
    (folder / "manifest.jsonl").write_text(json.dumps({"file": film.path.name, "caption": None, "events": []}) + "\n")
    (film,) = films(folder)
    assert (film.prompt, film.truth, film.foreign) == (None, (), False)


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b.c.mp4", "b.c"), ("b.MKV", "b"), ("clip 0.3", "clip 0.3"), ("two/takes", "takes")],
)
def test_only_the_ending_of_a_film_is_taken_off(name: str, stem: str) -> None:
    assert pairing_name(name) == stem

"""The weights that ship: each modality follows the prompt, and the sound follows the picture that it is made for."""

from __future__ import annotations

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.media.clip import Clip
from phonofilm.models import catalogue
from phonofilm.pipelines.joint import Pipeline, load

pytestmark = pytest.mark.skipif(
    catalogue()["svg-tiny"].folder is None, reason="svg-tiny's weights are not in this checkout"
)
PROMPTS = ("a drumstick hits a metal pipe twice", "a glass ball bounces on wood")
STEPS = 8


@pytest.fixture(scope="module")
def shipped() -> Pipeline:
    return load("svg-tiny")


def test_all_parts_together_are_at_most_40_megabytes() -> None:
    folder = catalogue()["svg-tiny"].folder
    assert folder is not None
    sizes = {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert 0 < sum(sizes.values()) <= 40_000_000, sizes


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two pictures or sounds."""
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


def test_picture_and_sound_follow_the_prompt_and_not_the_seed_alone(shipped: Pipeline) -> None:
    metal, glass = (shipped(prompt, seed=0, steps=STEPS) for prompt in PROMPTS)
    assert likeness(metal.frames, glass.frames) < 0.95
    assert likeness(metal.audio, glass.audio) < 0.9


def test_the_prompt_reaches_each_networks_conditioning(shipped: Pipeline) -> None:
    cond = shipped.model.text.encode(list(PROMPTS))
    metal, glass = cond.audio.detach()
    assert float(metal @ glass) < 0.95
    assert float((cond.video[0] - cond.video[1]).detach().std()) > 0.1


def test_sound_follows_the_picture_that_it_is_made_for(shipped: Pipeline) -> None:
    scenes = (sample_scene(HELD_OUT + index) for index in (1, 2))
    films = [render(scene, shipped.model.shape) for scene in scenes]
    silent = [Clip(film.frames, None, film.fps, 0) for film in films]
    first, second = (shipped.dub(film, PROMPTS[0], seed=0, steps=STEPS) for film in silent)
    assert likeness(first.audio, second.audio) < 0.9

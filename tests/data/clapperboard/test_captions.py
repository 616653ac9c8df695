import re
from fractions import Fraction

import numpy as np

from phonofilm.data.clapperboard import falls, strikes
from phonofilm.data.clapperboard.act import Stage
from phonofilm.data.clapperboard.captions import COUNTS, NUMBERS, caption
from phonofilm.data.clapperboard.materials import GLASS, MATERIALS, METAL

STAGE = Stage(Fraction(2), 16000)
WORDS = {name: {name, material.adjective} for name, material in MATERIALS.items()} | {"drum skin": {"drum"}}


def test_vocabulary_is_small_and_plain(scenes):
    words = {word for scene in scenes for word in scene.caption.split()}
    assert 60 < len(words) < 300
    assert all(re.fullmatch("[a-z]+", word) for word in words)


def test_captions_vary(scenes):
    assert len({scene.caption for scene in scenes}) > 0.5 * len(scenes)


def test_every_sounding_material_is_named(scenes):
    for scene in scenes:
        for act in scene.acts:
            assert any(word in scene.caption for word in WORDS[act.material]), scene.caption


def test_counts_are_true_and_often_said(scenes):
    plain = [scene for scene in scenes if len(scene.acts) == 1]
    said = 0
    for scene in plain:
        count = len(scene.events)
        told = [n for n, words in enumerate(COUNTS, 1) if words in scene.caption]
        if scene.kind in ("keys", "blocks"):
            own = set(scene.caption.removesuffix(" times").split())
            told += [n for n, word in enumerate(NUMBERS, 1) if word in own and COUNTS[n - 1] not in scene.caption]
        assert all(n == count for n in told), scene.caption
        said += bool(told)
    assert said / len(plain) > 0.5


def possible(act):
    return {caption(act, np.random.default_rng(seed)) for seed in range(3000)}


def test_prompts_of_the_readme_are_in_distribution():
    twice = (STAGE.beat(0.5, 0.7), STAGE.beat(1.1, 0.9))
    pipes = (strikes.drumstick(METAL, twice, np.random.default_rng(seed)) for seed in range(99))
    pipe = next(act for act in pipes if act.words["thing"] == "pipe")
    assert "a drumstick hits a metal pipe twice" in possible(pipe)
    balls = (falls.bounce(STAGE, GLASS, np.random.default_rng(seed)) for seed in range(99))
    on_wood = next(act for act in balls if act.words["floor"] == "wood")
    assert "a glass ball bounces on wood" in possible(on_wood)

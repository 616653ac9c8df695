from fractions import Fraction

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.data.clapperboard.materials import MATERIALS
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject
from phonofilm.metrics._ruler.materials import NAMES, named
from phonofilm.metrics.material_match import classify, shown
from phonofilm.shapes import ClipShape


@pytest.mark.parametrize(
    ("prompt", "seen", "heard"),
    [
        ("a drumstick hits a metal pipe twice", {"metal"}, {"metal"}),
        ("a glass ball bounces on wood", {"glass"}, {"glass"}),
        ("A Glass ball  bounces on wood while a drum is hit off screen", {"glass"}, {"glass", "drum skin"}),
        ("a boot stamps on leaves while a hammer hits a wooden box", {"leaves", "wood"}, {"leaves", "wood"}),
        (
            "a drum is hit twice with a drumstick with gravel sounding off screen",
            {"drum skin"},
            {"drum skin", "gravel"},
        ),
        ("a hammer strikes a leaf pile in silence", {"leaves"}, set()),
        ("a dog barks", set(), set()),
        ("", set(), set()),
    ],
)
def test_materials_of_sentences(prompt, seen, heard):
    assert (named(prompt).video, named(prompt).audio) == (seen, heard)


def test_captions_name_what_their_scenes_are_made_of():
    for seed in range(400):
        scene = sample_scene(seed)
        found = named(scene.caption)
        assert found.video == {event.material for event in scene.events if event.visible}, scene.caption
        assert found.audio == {event.material for event in scene.events if event.audible}, scene.caption


def test_the_classifiers_know_every_material():
    assert set(NAMES) == set(MATERIALS)


def test_silence_is_read_as_none():
    clip = render(sample_scene(HELD_OUT), ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000))
    mute = Clip(clip.frames, np.zeros_like(clip.audio), clip.fps, clip.sample_rate)
    assert shown(Subject("mute", mute)).audio is None
    assert shown(Subject("scene", clip)) == classify(Subject("scene", clip))

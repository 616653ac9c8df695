from fractions import Fraction

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.data.clapperboard.materials import MATERIALS
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject
from phonofilm.metrics._ruler.materials import NAMES, named
from phonofilm.metrics.material_match import Look, MaterialMatch, classify, shown
from phonofilm.pair import AV
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


@pytest.mark.parametrize(("peak", "silent"), [(0.9e-3, True), (1.1e-3, False)])
def test_below_60_db_of_full_scale_is_silence(peak, silent):
    clip = render(sample_scene(HELD_OUT), ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000))
    quiet = Clip(clip.frames, clip.audio * np.float32(peak / np.abs(clip.audio).max()), clip.fps, clip.sample_rate)
    assert (classify(Subject("quiet", quiet)).audio is None) == silent


def look(seen, heard, *asked):
    return Look(AV(seen, heard), AV(*map(frozenset, asked)))


def test_shares_of_clips_that_show_and_sound_what_is_asked_by_hand():
    looks = [
        look("metal", "metal", {"metal"}, {"metal"}),
        look("wood", None, {"metal"}, {"metal"}),
        look("glass", "wood", {"glass", "wood"}, ()),  # in silence: its sound does not count
        look("wood", "wood", {"wood"}, {"drum skin", "wood"}),
    ]
    picture, sound = MaterialMatch().scores(looks, None, 0)
    assert (picture.name, picture.value, picture.n) == ("material-picture", 3 / 4, 4)
    assert (sound.name, sound.value, sound.n) == ("material-sound", 2 / 3, 3)


def test_the_chance_of_materials_is_that_of_other_sentences():
    one, other = look("metal", "metal", {"metal"}, {"metal", "wood"}), look("wood", "wood", {"wood"}, {"wood"})
    assert [score.chance for score in MaterialMatch().scores([one, other], None, 0)] == [0, 1 / 2]

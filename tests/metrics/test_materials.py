import pytest

from phonofilm.data.clapperboard import sample_scene
from phonofilm.data.clapperboard.materials import MATERIALS
from phonofilm.metrics._materials import NAMES, named


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

import hashlib
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, KINDS, VERSION, render, sample_scene, training_seeds
from phonofilm.data.clapperboard.act import EARLIEST, GAP, LATEST
from phonofilm.data.clapperboard.materials import MATERIALS
from phonofilm.errors import SettingError
from phonofilm.shapes import ClipShape
from tests.data.clapperboard.conftest import SHAPE

DIGESTS = """
import hashlib, sys
from fractions import Fraction
from itertools import pairwise
from phonofilm.data.clapperboard import render, sample_scene
from phonofilm.shapes import ClipShape
shape = ClipShape(Fraction(2), Fraction(8), 22, 14, 16000)
for seed in map(int, sys.argv[1:]):
    clip = render(sample_scene(seed), shape)
    print(hashlib.sha256(clip.frames.tobytes() + clip.audio.tobytes()).hexdigest())
"""

EXPECTED = [
    ("a drumstick taps a drum skin five times", [7091, 12399, 17707, 23015, 28323]),
    ("a ceramic block falls on the floor", [12532]),
    ("a glass ball drops and bounces on wood twice", [11599, 23937]),
    ("a hammer hits a pile of gravel once while a hammer hits a drum once", [6214, 28524]),
]
"""Captions and events' samples of the first scenes of the present version."""


def digest(seed):
    clip = render(sample_scene(seed), SHAPE)
    return hashlib.sha256(clip.frames.tobytes() + clip.audio.tobytes()).hexdigest()


def test_same_seed_same_bytes_in_another_process_and_order():
    seeds = [11, 3, HELD_OUT + 4, 8, 2, 5]
    command = [sys.executable, "-c", DIGESTS, *map(str, reversed(seeds))]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    here = [digest(seed) for seed in seeds]
    assert here == elsewhere[::-1]
    assert len(set(here)) == len(seeds)


def test_a_change_of_scenes_needs_a_new_version():
    actual = [(s.caption, [event.sample for event in s.events]) for s in map(sample_scene, range(4))]
    assert (VERSION, actual) == (1, EXPECTED)


def test_no_torch():
    code = "import sys, phonofilm.data.clapperboard; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_kind_and_material_comes_up(scenes):
    kinds = Counter(scene.kind for scene in scenes)
    materials = Counter(scene.material for scene in scenes)
    assert set(kinds) == set(KINDS)
    assert len(kinds) >= 8
    assert min(kinds.values()) / len(scenes) > 0.03
    assert set(materials) == set(MATERIALS)
    assert len(materials) >= 8
    assert min(materials.values()) / len(scenes) > 0.06
    pairs = {(scene.kind, scene.material) for scene in scenes}
    assert len(pairs) > 35


def test_special_scenes_are_few_and_labelled(scenes):
    silent = [scene for scene in scenes if scene.silent]
    several = [scene for scene in scenes if scene.several_sources]
    off = [scene for scene in scenes if scene.off_screen]
    for group in (silent, several, off):
        assert 0.03 < len(group) / len(scenes) < 0.09
    assert (len(silent) + len(several) + len(off)) / len(scenes) < 0.2
    assert all(not event.audible for scene in silent for event in scene.events)
    assert all("off screen" in scene.caption for scene in off)
    assert all("off screen" not in scene.caption for scene in scenes if not scene.off_screen)
    assert all(" while " in scene.caption for scene in several)
    assert all("sound" in s.caption or "silen" in s.caption for s in silent)
    plain = [s for s in scenes if not (s.silent or s.several_sources or s.off_screen)]
    assert all(event.visible and event.audible for scene in plain for event in scene.events)


def test_events_keep_their_distances(scenes):
    for scene in scenes:
        times = [event.time for event in scene.events]
        assert 1 <= len(times) <= 6
        assert times[0] >= EARLIEST
        assert times[-1] <= scene.seconds - Fraction(LATEST).limit_denominator(1000)
        assert all(b - a >= GAP for a, b in pairwise(times)), scene.seed
        assert all(0 < event.strength <= 1 for event in scene.events)


def test_events_lie_in_the_picture_if_they_are_seen(scenes):
    for event in (event for scene in scenes for event in scene.events):
        assert (0 <= event.x <= 1 and 0 <= event.y <= 1) == event.visible
        assert -1 <= event.pan <= 1


def corners(body, time):
    """Outlines of a body's faces at one time, worked out anew."""
    at = np.array(time)
    angle, squash = float(body.angle.at(at)), float(body.squash.at(at))
    turn = np.exp(1j * angle)
    for face in body.faces:
        points = turn * (face.points[:, 0] / squash + 1j * face.points[:, 1] * squash)
        yield points + float(body.x.at(at)) + 1j * float(body.y.at(at))


def distance(body, time, place):
    """Of ``place`` to the nearest edge."""
    nearest = np.inf
    for points in corners(body, time):
        along = np.roll(points, -1) - points
        part = np.clip(((place - points) * along.conj()).real / np.maximum(np.abs(along) ** 2, 1e-18), 0, 1)
        nearest = min(nearest, np.abs(points + part * along - place).min())
    return nearest


@pytest.mark.parametrize("kind", KINDS)
def test_something_arrives_where_and_when_an_event_happens(kind, scenes):
    seen = [scene for scene in scenes if scene.kind == kind and len(scene.acts) == 1][:12]
    assert seen
    for scene in seen:
        for event in scene.events:
            place, time = event.x + 1j * event.y, float(event.time)
            arrived = [
                body.name
                for body in scene.acts[0].bodies
                if distance(body, time, place) < 0.012 and distance(body, time - 0.09, place) > 0.03
            ]
            assert arrived, (scene.seed, event)


def test_training_and_held_out_scenes_differ(scenes):
    def facts(scene):
        return scene.kind, scene.material, tuple((e.sample, e.strength, e.x, e.y) for e in scene.events)

    held_out = {facts(sample_scene(HELD_OUT + i)) for i in range(100)}
    assert len(held_out) == 100
    assert held_out.isdisjoint(map(facts, scenes))


@pytest.mark.parametrize("seconds", [1, "3/2", Fraction(1001, 500), 5, 11])
def test_other_lengths(seconds):
    for seed in range(60):
        scene = sample_scene(seed, seconds=seconds, sample_rate=24000)
        assert scene.events
        assert scene.events[-1].time < scene.seconds
        assert all(event.sample_rate == 24000 for event in scene.events)


def test_events_follow_the_shape_of_the_clip():
    wide = ClipShape(Fraction(2), Fraction(8), 36, 64, 48000)
    scene = next(s for s in map(sample_scene, range(99)) if s.off_screen)
    for square, fitted in zip(scene.events, scene.events_in(wide), strict=True):
        assert fitted.time == square.time
        assert fitted.y == square.y
        if square.visible:
            assert fitted.x * 64 == pytest.approx(32 + (square.x - 0.5) * 36)
        else:
            assert not 0 <= fitted.x <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "0 or more"),
        ({"seed": 1, "seconds": "1/2"}, "at least 1 s"),
        ({"seed": 1, "sample_rate": 7}, "at least 1000"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(SettingError, match=message):
        sample_scene(**arguments)


def test_scenes_kept_for_evaluation_are_not_handed_out_for_training() -> None:
    assert training_seeds(7, 3) == range(7, 10)
    assert training_seeds(HELD_OUT - 2, 2).stop == HELD_OUT
    for first in (HELD_OUT - 1, HELD_OUT):
        with pytest.raises(SettingError, match=f"at most {HELD_OUT - 2}"):
            training_seeds(first, 2)

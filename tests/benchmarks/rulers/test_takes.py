from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.benchmarks.rulers.grounds import SHAPE, scenes
from phonofilm.benchmarks.rulers.takes import FilmTake, SceneTake, changed, late, paired, worse_picture, worse_sound
from phonofilm.benchmarks.rulers.variants import TRUE, Picture, Sound, Variant, variants
from phonofilm.data.clapperboard import HELD_OUT, render
from phonofilm.media.clip import Clip


@pytest.fixture(scope="module")
def take():
    one, other = scenes(HELD_OUT, 2)
    return SceneTake(one, other, SHAPE)


def made(take, picture=Picture(), sound=Sound()):  # noqa: B008  # frozen
    return take.clip(Variant("", "", picture, sound))


def test_as_they_are(take):
    clip, true = made(take), render(take.scene, SHAPE)
    assert np.array_equal(clip.frames, true.frames)
    assert np.array_equal(clip.audio, true.audio)


@pytest.mark.parametrize("samples", [0, 3, -3, 7, -7, 20, -20])
def test_moved_by_samples(samples):
    sound = np.arange(1, 15, dtype=np.float32).reshape(2, 7)
    expected = np.zeros_like(sound)
    for index in range(7):
        if 0 <= index - samples < 7:
            expected[:, index] = sound[:, index - samples]
    assert np.array_equal(late(sound, samples), expected)


def test_a_shift_touches_the_sound_alone(take):
    clip = made(take, sound=Sound(100))
    assert np.array_equal(clip.audio[:, 1600:], made(take).audio[:, :-1600])
    assert not clip.audio[:, :1600].any()
    assert clip.frames is made(take).frames  # drawn once


def times(scene):
    return [float(event.time) for event in scene.events if event.audible]


def test_events_jitter_each_by_itself(take):
    before, after = np.array(times(take.scene)), np.array(times(changed(take.scene, Sound(jitter_ms=67))))
    moves = after - np.sort(before)
    assert len(before) == len(after) > 1
    assert moves.std() > 0.01
    assert np.abs(moves).max() < 0.35
    assert times(changed(take.scene, Sound(jitter_ms=67))) == after.tolist()  # the same every time


def test_events_dropped_and_added():
    some = scenes(HELD_OUT, 40)
    every = sum(len(times(scene)) for scene in some)
    left = sum(len(times(changed(scene, Sound(dropped=0.5)))) for scene in some)
    assert 0.35 * every < left < 0.65 * every
    assert all(len(times(changed(scene, Sound(added=3)))) == len(times(scene)) + 3 for scene in some)


def test_other_material_same_times(take):
    other = changed(take.scene, Sound(material=True))
    assert times(other) == times(take.scene)
    assert all(new.material != old.material for new, old in zip(other.acts, take.scene.acts, strict=True))


def test_sound_of_the_other(take):
    clip = made(take, sound=Sound(swapped=True))
    assert np.array_equal(clip.audio, render(take.other, SHAPE).audio)


def test_lower_rate_is_drawn_anew(take):
    clip = made(take, Picture(Fraction(8)))
    assert np.array_equal(clip.frames, render(take.scene, replace(SHAPE, fps=Fraction(8))).frames)
    assert clip.fps == 8


def test_noise_is_as_loud_as_said_and_the_same_every_time():
    sound = np.sin(np.arange(48_000, dtype=np.float32))[None] * 0.1
    for decibels in (20, 0):
        noisy = worse_sound(sound, 16_000, Sound(snr_db=decibels), 3)
        grain = noisy - sound
        assert 20 * np.log10(sound.std() / grain.std()) == pytest.approx(decibels, abs=0.2)
        assert np.array_equal(noisy, worse_sound(sound, 16_000, Sound(snr_db=decibels), 3))


def test_pictures_get_worse():
    frames = np.full((3, 20, 30, 3), 128, np.uint8)
    frames[:, 10:] = 40
    blurred = worse_picture(frames, Picture(blur=0.1), 0)
    assert np.abs(np.diff(blurred.astype(int), axis=1)).max() < 40
    noisy = worse_picture(frames, Picture(noise=0.1), 0).astype(float)
    assert (noisy - frames).std() == pytest.approx(25.5, rel=0.1)


def test_a_film_at_a_lower_rate_shows_what_is_on_screen(tmp_path):
    frames = np.repeat(np.arange(12, dtype=np.uint8)[:, None, None, None] * 20, 3 * 16 * 16, 1).reshape(12, 16, 16, 3)
    sound = np.zeros((1, 8_000), np.float32)
    paths = [tmp_path / f"{name}.mkv" for name in "ab"]
    for path in paths:
        Clip(frames, sound, Fraction(24), 16_000).save(path, lossless=True)
    film = FilmTake(*paths)
    whole = made(film)
    slow = made(film, Picture(Fraction(8)))
    assert (len(whole.frames), len(slow.frames), slow.fps) == (12, 4, 8)
    assert np.array_equal(slow.frames, whole.frames[[1, 4, 7, 10]])
    assert made(film, Picture(Fraction(60))).fps == 24


def test_the_sound_of_another_film_lasts_as_long_as_the_picture(tmp_path):
    rng = np.random.default_rng(0)
    for name, seconds in (("a", 1), ("b", 2)):
        sound = rng.uniform(-0.5, 0.5, (1, 8_000 * seconds)).astype(np.float32)
        frames = np.zeros((12 * seconds, 16, 16, 3), np.uint8)
        Clip(frames, sound, Fraction(12), 8_000).save(tmp_path / f"{name}.mkv", lossless=True)
    short, long = tmp_path / "a.mkv", tmp_path / "b.mkv"
    own = {path: made(FilmTake(path, path)).audio for path in (short, long)}
    swapped = [made(FilmTake(*pair), sound=Sound(swapped=True)).audio for pair in ((short, long), (long, short))]
    assert np.array_equal(swapped[0], own[long][:, :8_000])
    assert np.array_equal(swapped[1], np.tile(own[short], 2))


def test_each_gets_the_next_ones_sound():
    assert paired([1, 2, 3]) == [(1, 2), (2, 3), (3, 1)]


def test_variants_are_named_once_and_begin_with_the_truth():
    for on_scenes in (True, False):
        made = variants(scenes=on_scenes)
        assert made[0].name == TRUE
        assert len({one.name for one in made}) == len({(one.picture, one.sound) for one in made}) == len(made)
    assert not any(one.scenes_only for one in variants(scenes=False))

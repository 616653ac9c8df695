from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.data.clapperboard import KINDS, VERSION, draw, render, render_audio, render_frames, sample_scene
from phonofilm.data.clapperboard.bodies import Glow
from phonofilm.data.clapperboard.render import FADE, light
from phonofilm.errors import SettingError
from phonofilm.shapes import ClipShape
from tests.data.clapperboard.conftest import SHAPE


def first_of_each_kind(scenes):
    return [next(s for s in scenes if s.kind == kind) for kind in KINDS]


def test_a_clip_has_its_shape():
    shape = ClipShape(Fraction(1001, 500), Fraction(24000, 1001), 18, 30, 22000, 2)
    clip = render(sample_scene(4, seconds=shape.seconds), shape)
    assert clip.shape == shape
    assert clip.frames.std() > 5


def test_a_slow_frame_is_the_mean_of_fast_ones(scenes):
    slow, fast = replace(SHAPE, fps=Fraction(8)), replace(SHAPE, fps=Fraction(24))
    for scene in first_of_each_kind(scenes):
        means = render_frames(scene, fast).reshape(16, 3, 22, 14, 3).mean(axis=1)
        np.testing.assert_allclose(render_frames(scene, slow), means, atol=1.01)


def test_frames_of_unrelated_rates_agree_on_the_whole(scenes):
    slow, fast = replace(SHAPE, fps=Fraction(2)), replace(SHAPE, fps=Fraction(15))
    for scene in first_of_each_kind(scenes)[:4]:
        difference = render_frames(scene, slow).mean(0, float) - render_frames(scene, fast).mean(0, float)
        assert np.abs(difference).mean() < 1


def test_pictures_move_and_light_up_at_events(scenes):
    shape = replace(SHAPE, fps=Fraction(50))
    for scene in first_of_each_kind(scenes):
        frames = render_frames(scene, shape).astype(float)
        event = next(event for event in scene.events if event.visible)
        at = int(event.time * 50)
        row, column = 4 + int(event.y * 14), int(event.x * 14)
        patch = frames[:, max(0, row - 2) : row + 2, max(0, column - 2) : column + 2].mean(axis=(1, 2, 3))
        assert patch[at + 1] - patch[at - 1] > 8, scene.kind


def dark(scene):
    """The scene as it is where nothing lights up: no body glows, and no event is in sight to be lit."""

    def unlit(act):
        return replace(act, bodies=tuple(replace(body, glows=()) for body in act.bodies)).with_events(visible=False)

    return replace(scene, acts=tuple(map(unlit, scene.acts)))


def test_without_flashes_no_event_is_lit_and_all_else_is_as_before(scenes):
    for scene in first_of_each_kind(scenes):
        plain = render(scene, SHAPE, flashes=False)
        np.testing.assert_array_equal(plain.frames, render(dark(scene), SHAPE).frames)
        lit = render(scene, SHAPE)
        np.testing.assert_array_equal(plain.audio, lit.audio)
        first = int(min(event.time for event in scene.events if event.visible) * SHAPE.fps)
        np.testing.assert_array_equal(plain.frames[:first], lit.frames[:first])
        assert np.abs(lit.frames[first:].astype(int) - plain.frames[first:]).max() > 40, scene.kind


def test_flashes_are_there_unless_left_out(scenes):
    for scene in first_of_each_kind(scenes):
        np.testing.assert_array_equal(
            render_frames(scene, SHAPE), render_frames(scene, SHAPE, flashes=True), err_msg=scene.kind
        )


def test_version_1_looks_and_sounds_as_it_always_did():
    """Pinned: whoever changes these numbers changes every data set, and raises VERSION."""
    clip = render(sample_scene(3), SHAPE)
    brightness = [70.92, 70.92, 70.93, 72.37, 71.48, 71.07, *[70.96] * 7, 70.87, 73.1, 72.11]
    np.testing.assert_allclose(clip.frames.mean(axis=(1, 2, 3)), brightness, atol=0.05)
    assert float(np.abs(clip.audio).mean()) == pytest.approx(0.0024289, rel=1e-3)
    assert VERSION == 1


def test_light_is_integrated_exactly():
    glow = (Glow(0.31, 1.0),)
    starts, span = np.arange(8) / 8, 1 / 8
    fine = np.linspace(0, 1, 80000, endpoint=False) + 0.5 / 80000
    curve = np.where(fine >= 0.31, np.exp(-np.maximum(fine - 0.31, 0) / FADE), 0)
    np.testing.assert_allclose(light(glow, starts, span), curve.reshape(8, -1).mean(1), atol=1e-4)


def test_nothing_is_heard_before_the_first_event_and_something_from_it_on(scenes):
    for scene in scenes[:300]:
        audio = render_audio(scene, SHAPE)[0]
        assert np.abs(audio).max() <= 1
        if scene.silent:
            assert not audio.any()
            continue
        start = scene.events[0].sample
        assert not audio[:start].any()
        assert abs(audio[start]) > 1e-3
        assert np.square(audio[start : start + 80]).sum() > 1e-3


def test_every_event_starts_at_its_own_sample(scenes):
    many = [s for s in scenes if len(s.events) > 2 and len(s.acts) == 1 and not s.silent][:20]
    for scene in many:
        act = scene.acts[0]
        for nth in range(1, len(act.hits)):
            less = replace(scene, acts=(replace(act, hits=act.hits[:nth]),))
            more = replace(scene, acts=(replace(act, hits=act.hits[: nth + 1]),))
            added = render_audio(more, SHAPE) - render_audio(less, SHAPE)
            assert np.flatnonzero(added)[0] == act.hits[nth].event.sample


def test_harder_is_louder(scenes):
    scene = next(s for s in scenes if s.kind == "drumstick" and len(s.events) == 1 and not s.silent)
    soft = replace(scene, acts=(scene.acts[0].with_events(strength=0.4),))
    hard = replace(scene, acts=(scene.acts[0].with_events(strength=0.8),))
    assert np.abs(render_audio(hard, SHAPE)).max() == pytest.approx(2 * np.abs(render_audio(soft, SHAPE)).max())


def test_panning_keeps_the_power(scenes):
    stereo = replace(SHAPE, channels=2)
    scene = next(s for s in scenes if s.off_screen and s.events[0].visible and len(s.events) > 1)
    mono, both = render_audio(scene, SHAPE), render_audio(scene, stereo)
    start = scene.events[0].sample
    end = scene.events[1].sample
    np.testing.assert_allclose(np.square(both[:, start:end]).sum(0), np.square(mono[0, start:end]), atol=1e-6)
    left, right = np.square(both[:, start:end]).sum(1)
    assert (right > left) == (scene.events[0].pan > 0)


def test_the_same_scene_at_another_sample_rate(scenes):
    scene = next(s for s in scenes if not s.silent and s.material == "wood")
    for rate in (8000, 44100, 48000):
        audio = render_audio(scene, replace(SHAPE, sample_rate=rate))[0]
        assert audio.shape == (2 * rate,)
        assert abs(np.flatnonzero(audio)[0] / rate - float(scene.events[0].time)) <= 0.5 / rate + 1e-9


def test_draw_is_sample_and_render():
    drawn = list(draw([5, 9], SHAPE))
    assert [scene.seed for scene, _ in drawn] == [5, 9]
    np.testing.assert_array_equal(drawn[1][1].frames, render(sample_scene(9), SHAPE).frames)


def test_bad_shapes():
    scene = sample_scene(1)
    with pytest.raises(SettingError, match="sample the scene with seconds=3"):
        render(scene, replace(SHAPE, seconds=Fraction(3)))
    with pytest.raises(SettingError, match="1 or 2"):
        render_audio(scene, replace(SHAPE, channels=3))

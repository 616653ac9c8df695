from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from phonofilm.benchmarks.sources import Shuffled, Truth
from phonofilm.benchmarks.task import REFERENCE, Task
from phonofilm.data.clapperboard import HELD_OUT, sample_scene
from phonofilm.errors import SettingError
from phonofilm.shapes import ClipShape

SHAPE = ClipShape(Fraction(2), Fraction(4), 12, 14, 16_000)


def test_every_prompt_has_an_event_that_is_seen_and_heard():
    scenes = Task(60, SHAPE).scenes
    passed_over = set(range(HELD_OUT, scenes[-1].seed)) - {scene.seed for scene in scenes}
    assert len(scenes) == 60
    assert passed_over, "with 6 % of silent scenes some of 60 are passed over"
    for scene in scenes:
        assert any(event.visible and event.audible for event in scene.events)
    for seed in passed_over:
        assert not any(event.visible and event.audible for event in sample_scene(seed).events)


def test_prompts_are_the_first_of_any_larger_task():
    assert [scene.seed for scene in Task(5, SHAPE).scenes] == [scene.seed for scene in Task(11, SHAPE).scenes[:5]]


def test_reference_scenes_are_others():
    task = Task(3, SHAPE)
    seeds = [scene.seed for scene, _ in task.reference()]
    assert len(seeds) == 3
    assert min(seeds) >= REFERENCE > task.scenes[-1].seed


@pytest.mark.parametrize(("n", "first"), [(1, HELD_OUT), (2, HELD_OUT - 1), (2, REFERENCE - 3)])
def test_too_few_prompts_or_scenes_that_are_not_held_out_are_refused(n, first):
    with pytest.raises(SettingError, match="choose"):
        Task(n, SHAPE, first)


def test_shuffled_pairs_use_every_sound_once_and_none_with_its_own_picture():
    task = Task(7, SHAPE)
    shuffled = Shuffled(task, Truth(task))
    assert sorted(shuffled.partners) == list(range(7))
    assert not (shuffled.partners == np.arange(7)).any()
    for index in (0, 6):
        mixed, own = shuffled.clip(index), task.true_clip(index)
        other = task.true_clip(int(shuffled.partners[index]))
        assert np.array_equal(mixed.frames, own.frames)
        assert np.array_equal(mixed.audio, other.audio)
        assert not np.array_equal(mixed.audio, own.audio)

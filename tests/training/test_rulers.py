from fractions import Fraction

import numpy as np
import pytest
import torch

from phonofilm.data.clapperboard import HELD_OUT, render_frames, sample_scene
from phonofilm.errors import SettingError
from phonofilm.metrics._ruler.ear import Ear
from phonofilm.metrics._ruler.store import load
from phonofilm.shapes import ClipShape
from phonofilm.training import ruler_degrade as degrade
from phonofilm.training.ruler_lessons import LESSONS, Scenes, at_rate, detection_loss, target
from phonofilm.training.rulers import STEPS, RulerTrainConfig, recipe, train


def config(out, steps=4, **changes):
    return RulerTrainConfig(part="ear", out=out, steps=steps, batch=3, scenes=5, checkpoint_minutes=1e-6, **changes)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    train(config(tmp_path / "whole"), quiet=True)
    steps = EarSteps(stop_before=3)
    monkeypatch.setattr(LESSONS["ear"], "loss", steps.counted(LESSONS["ear"].loss))
    with pytest.raises(KeyboardInterrupt):
        train(config(tmp_path / "parts"), quiet=True)
    steps.stop_before = None
    train(config(tmp_path / "parts"), quiet=True)
    assert steps.taken == 2 + 1 + 2  # two kept, one lost, two more
    whole, parts = (load(Ear, tmp_path / name / "ruler").state_dict() for name in ("whole", "parts"))
    for name, value in whole.items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, parts[name]), name


class EarSteps:
    def __init__(self, stop_before):
        self.stop_before, self.taken = stop_before, 0

    def counted(self, loss):
        def counting(lesson, generator, batch):
            self.taken += 1
            if self.taken == self.stop_before:
                raise KeyboardInterrupt
            return loss(lesson, generator, batch)

        return counting


def test_the_loss_falls_on_a_few_clips(tmp_path):
    import json

    train(config(tmp_path, steps=30), quiet=True)
    losses = [json.loads(line)["loss_heat/audio"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(losses) == 30
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:2])


@pytest.mark.parametrize("part", LESSONS)
def test_every_part_learns_from_its_own_sense(part):
    lesson = LESSONS[part](Scenes(0, 3))
    terms = lesson.loss(torch.Generator().manual_seed(0), 2)
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in lesson.network.parameters())
    assert lesson.senses.swap() != lesson.senses


def test_every_part_has_a_recipe(tmp_path):
    assert set(STEPS) == set(LESSONS)
    with pytest.raises(SettingError, match="ear"):
        recipe("eaar", tmp_path)


def test_scenes_for_evaluation_are_never_trained_on(tmp_path):
    with pytest.raises(SettingError, match="evaluation"):
        train(config(tmp_path, first_seed=HELD_OUT - 1), quiet=True)


def test_frames_at_a_slower_rate_are_those_that_a_slower_camera_takes():
    scene = sample_scene(3)
    fast, slow = (
        torch.from_numpy(
            render_frames(scene, ClipShape(scene.seconds, Fraction(fps), 32, 32, 16_000)).astype(np.float32)
        )
        for fps in (24, 8)
    )
    assert (at_rate(fast[None], 0.0, 8.0)[0] - slow).abs().max() <= 1  # rounded once more
    assert torch.equal(at_rate(fast[None], 0.0, 24.0)[0], fast)


def test_frames_at_any_rate_keep_their_time():
    """A brightness that rises with time: each new frame is the brightness at the middle of its span."""
    ramp = torch.arange(48.0)[None, :, None]
    made = at_rate(ramp, 0.1, 9.7)[0, :, 0]
    middles = (0.1 + (torch.arange(len(made)) + 0.5) / 9.7) * 24 - 0.5
    assert made.numpy() == pytest.approx(middles.numpy(), abs=0.26)  # exact but for steps within a frame
    assert len(made) == int(1.9 * 9.7)


def test_targets_by_hand():
    wanted = target([np.array([2.5]), np.array([])], 6, sharpness=0.5)
    assert wanted.heat[0, 2] == wanted.heat[0, 3] == pytest.approx(np.exp(-0.5))
    assert wanted.shift[0, 1:5].tolist() == [1.5, 0.5, -0.5, -1.5]
    assert wanted.near[0].tolist() == [0, 1, 1, 1, 1, 0]
    assert wanted.heat[1].abs().max() == wanted.near[1].abs().max() == 0


def test_the_loss_of_a_detector_that_is_right_is_lowest():
    wanted = target([np.array([3.0, 8.3])], 12, sharpness=0.6)
    right = torch.stack([torch.logit(wanted.heat.clamp(1e-6, 1 - 1e-6)), wanted.shift], dim=-1)
    late = torch.stack([right[..., 0], right[..., 1] + 0.2], dim=-1)
    deaf = torch.stack([torch.full((1, 12), -4.0), right[..., 1]], dim=-1)
    assert detection_loss(right, wanted)["place"] == 0
    assert detection_loss(late, wanted)["place"] == pytest.approx(0.1)
    assert detection_loss(deaf, wanted)["heat"] > 1 + detection_loss(right, wanted)["heat"]


def test_damage_moves_nothing_in_time():
    """Oracle: a click's energy stays centred on average, and the brightest frame the brightest."""
    generator = torch.Generator().manual_seed(0)
    clicks = torch.zeros(64, 4000)
    clicks[:, 2000] = 1.0
    energy = degrade.sounds(clicks, generator)[:, 1200:2800] ** 2
    centre = (energy * torch.arange(1200, 2800)).sum(dim=1) / energy.sum(dim=1)
    assert abs(float(centre.median()) - 2000) < 8
    flash = torch.full((16, 9, 3, 12, 12), 60.0)
    flash[:, 4] = 200
    assert (degrade.pictures(flash, generator).mean(dim=(2, 3, 4)).argmax(dim=1) == 4).all()

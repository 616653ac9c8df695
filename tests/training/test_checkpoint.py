"""Checkpoints: whole or absent, strict, and complete."""

from pathlib import Path

import pytest
import torch

from phonofilm.errors import SettingError, WeightsError
from phonofilm.training import checkpoint
from phonofilm.training.config import FREE, NoiseLevels, Stage, TrainConfig
from phonofilm.training.ema import Average


def learner() -> tuple[dict[str, torch.nn.Parameter], Average, torch.optim.Optimizer]:
    torch.manual_seed(5)
    named = {"a": torch.nn.Parameter(torch.randn(3, 5)), "b.c": torch.nn.Parameter(torch.randn(7))}
    return named, Average(named, 0.9), torch.optim.AdamW(named.values(), lr=0.1)


def step(named: dict, average: Average, optimizer: torch.optim.Optimizer, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    optimizer.zero_grad()
    sum((value * torch.randn(value.shape, generator=generator)).square().sum() for value in named.values()).backward()
    optimizer.step()
    average.update(named)


def test_continuing_from_a_checkpoint_is_bit_for_bit(tmp_path: Path) -> None:
    named, average, optimizer = learner()
    for number in range(4):
        step(named, average, optimizer, number)
    path = checkpoint.save(tmp_path, named, average, optimizer, checkpoint.Progress(4, 1.5))
    for number in range(4, 9):
        step(named, average, optimizer, number)

    other, other_average, other_optimizer = learner()
    progress = checkpoint.load(path, other, other_average, other_optimizer)
    assert progress == checkpoint.Progress(4, 1.5)
    for number in range(4, 9):
        step(other, other_average, other_optimizer, number)
    for name in named:
        assert torch.equal(named[name], other[name])
        assert torch.equal(average.weights[name], other_average.weights[name])


def test_partial_folders_are_never_taken_and_are_cleared(tmp_path: Path) -> None:
    named, average, optimizer = learner()
    step(named, average, optimizer, 0)
    for number in (3, 11, 20):
        checkpoint.save(tmp_path, named, average, optimizer, checkpoint.Progress(number, 0.0))
    (tmp_path / ".partial-1-step-00000099").mkdir()
    assert checkpoint.newest(tmp_path) == tmp_path / "step-00000020"
    checkpoint.prune(tmp_path, 1, {tmp_path / "step-00000003"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000003", "step-00000020"]


def test_damaged_and_foreign_checkpoints_say_what_to_do(tmp_path: Path) -> None:
    named, average, optimizer = learner()
    step(named, average, optimizer, 0)
    path = checkpoint.save(tmp_path, named, average, optimizer, checkpoint.Progress(1, 0.0))
    other = {"a": torch.nn.Parameter(torch.zeros(3, 5))}
    with pytest.raises(WeightsError, match="other parameters"):
        checkpoint.load(path, other, Average(other, 0.9), torch.optim.AdamW(other.values()))
    (path / "average.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.average_weights(path)
    for nonsense in ("{", "[]", "{}", '{"version": 1}'):
        (path / "state.json").write_text(nonsense)
        with pytest.raises(WeightsError, match="damaged"):
            checkpoint.load(path, named, average, optimizer)


def test_what_a_killed_run_left_of_a_checkpoint_is_no_hindrance(tmp_path: Path) -> None:
    named, average, optimizer = learner()
    step(named, average, optimizer, 0)
    for name in (".partial-step-00000007", ".step-00000007.old", "step-00000007"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rest").touch()
    path = checkpoint.save(tmp_path, named, average, optimizer, checkpoint.Progress(7, 0.0))
    assert [one.name for one in tmp_path.iterdir()] == ["step-00000007"]
    assert not (path / "rest").exists()
    assert checkpoint.load(path, named, average, optimizer).step == 7


def test_only_free_settings_may_differ_when_a_run_is_continued(tmp_path: Path) -> None:
    named, average, optimizer = learner()
    step(named, average, optimizer, 0)
    folder = tmp_path / "run" / "checkpoints"
    begun = TrainConfig(model=tmp_path, out=tmp_path / "run", stage=Stage.JOINT)
    old = checkpoint.save(folder, named, average, optimizer, checkpoint.Progress(1, 0.0))
    new = checkpoint.save(folder, named, average, optimizer, checkpoint.Progress(2, 0.0), begun.model_dump(mode="json"))

    def differ(**changes: object) -> dict:
        return begun.model_copy(update=changes).model_dump(mode="json")

    longer = {"clips": 9, "cooldown": 0.0, "threads": 7, "checkpoint_minutes": 1.0, "validate_every": 3, "resume": True}
    checkpoint.check_settings(new, differ(**longer, out=Path("elsewhere")), FREE)
    checkpoint.check_settings(new, differ(model=tmp_path / "run" / ".."), FREE)
    for name, value in {"seed": 3, "batch": 5, "noise": NoiseLevels(mean=1.0), "model": tmp_path / "run"}.items():
        with pytest.raises(SettingError, match=f"run was begun with {name}="):
            checkpoint.check_settings(new, differ(**{name: value}), FREE)
        checkpoint.check_settings(old, differ(**{name: value}), FREE)  # written without settings


def test_average_starts_at_the_live_weights_and_follows_the_closed_form() -> None:
    named, average, optimizer = learner()
    assert all(torch.equal(average.weights[name], named[name]) for name in named)
    expected = named["a"].detach().clone()
    for number in range(5):
        step(named, average, optimizer, number)
        decay = min(0.9, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * named["a"].detach()
    torch.testing.assert_close(average.weights["a"], expected)

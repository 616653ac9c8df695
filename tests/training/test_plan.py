"""A whole plan: what it finds out before any work, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from phonofilm import codecs
from phonofilm.data.latents import build
from phonofilm.errors import SettingError
from phonofilm.models import StageRecord, load, save
from phonofilm.training import plan as plans
from phonofilm.training.config import Stage
from phonofilm.training.plan import Plan
from tests.tiny import tiny_model

BASE = StageRecord(
    stage="video", clips=33, steps=11, batch=3, learning_rate=1e-3, seed=5, seconds=7.5, device="a drawing board"
)
ALL = list(Stage)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan whose codec, latents and base networks are there, all with random weights."""
    plan = Plan("svg-tiny", tmp_path_factory.mktemp("plan"))
    model = tiny_model()
    codecs.save(model.codec, plan.codec)
    for stage in (Stage.VIDEO, Stage.AUDIO):
        plan.stage(stage).mkdir()
        record = BASE.model_copy(update={"stage": stage.value})
        save(replace(model, training=(record,)), plan.stage(stage) / "model")
    build(plan.latents, load(plan.stage(Stage.VIDEO) / "model").codec, model.shape, 0, 2, shard=2)
    return plan


def test_joint_training_and_finishing_keep_every_stages_record(bases: Plan) -> None:
    plans.joint(bases, "none", ["clips=2", "batch=1", "validate_every=0", "threads=1"], quiet=True)
    with torch.no_grad():  # the vocoder is trained further meanwhile
        codec = codecs.load(bases.codec)
        next(codec.audio.vocoder.parameters()).fill_(0.25)  # type: ignore[attr-defined]
        codecs.save(codec, bases.codec)
    folder = plans.finish(bases, "none")
    assert folder == bases.finished("none") == bases.out / "svg-tiny-none"
    finished = load(folder)
    assert [(record.stage, record.clips) for record in finished.training] == [
        ("video", 33),
        ("audio", 33),
        ("joint", 2),
    ]
    assert finished.training[0] == BASE
    assert float(next(finished.codec.audio.vocoder.parameters()).flatten()[0]) == 0.25  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "stages", "kind", "overrides", "message"),
    [
        ("svg-tinny", ALL, "none", [], "did you mean 'svg-tiny'"),
        ("svg-small", ALL, "none", [], "no recipe for svg-small .*: tiny"),
        ("svg-small", [], "none", [], "no recipe for svg-small"),
        ("svg-tiny", ALL, "cmcpe", [], "unknown coupling 'cmcpe': did you mean 'cmc-pe'"),
        ("svg-tiny", ALL, "none", ["bacth=8"], "did you mean 'batch'"),
        ("svg-tiny", [Stage.VIDEO], "none", ["batch=-1"], "batch"),
        ("svg-tiny", [Stage.VIDEO], "none", ["batch.size=3"], "batch"),
        ("svg-tiny", [], "none", ["clips=3"], "'clips=3': codec and latents take no settings"),
    ],
)
def test_what_cannot_be_carried_out_is_said_first(
    tmp_path: Path, name: str, stages: list[Stage], kind: str, overrides: list[str], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        plans.check(Plan(name, tmp_path), stages, kind, overrides)
    assert list(tmp_path.iterdir()) == []


def test_a_coupling_is_not_asked_about_where_nothing_is_coupled(tmp_path: Path) -> None:
    plans.check(Plan("svg-tiny", tmp_path), [Stage.VIDEO], "cmcpe", ["clips=3"])


def test_the_codec_is_that_of_the_recipe_for_the_clips_of_the_preset(tmp_path: Path) -> None:
    plan = Plan("svg-tiny", tmp_path)
    kind, model = plan.codec_kind, tiny_model()
    assert kind.shape == plan.shape == model.shape
    channels = (kind.video.autoencoder.latent_channels, kind.audio.mel_vae.autoencoder.latent_channels)
    assert channels == tuple(model.network.latent_channels)


def test_a_family_without_recipes_says_so(family_folder: Path, tmp_path: Path) -> None:
    lines = ("from dataclasses import replace", "from phonofilm.models.svg import FAMILY")
    (family_folder / "__init__.py").write_text("\n".join([*lines, "FAMILY = replace(FAMILY, name='twin')"]))
    plan = Plan("twin-tiny", tmp_path / "plan")
    with pytest.raises(SettingError, match=r"no recipe for twin-tiny from nothing: give its family a recipes\.py"):
        plans.check(plan, ALL, "none", [])
    (family_folder / "recipes.py").write_text("import phonofilm.models.no_such_thing\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"):
        plans.check(plan, ALL, "none", [])

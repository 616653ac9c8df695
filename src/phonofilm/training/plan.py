"""A whole model from nothing: codec, latents, base networks, joint training, each step resumable.

Every step is a function of the folders before it and is skipped when its result exists, so the same call
continues a plan that was stopped anywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

from phonofilm import codecs
from phonofilm.conditioning.text import TextConfig, TextEncoder
from phonofilm.conditioning.tokenizer import seen_words, train_tokenizer
from phonofilm.data import latents
from phonofilm.data.clapperboard import sample_scene
from phonofilm.errors import SettingError, unknown_name
from phonofilm.media.atomic import make_folder
from phonofilm.models import Entry, FamilyNetwork, Model, catalogue, create, load, save
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.training.codec import CodecKind, CodecTrainConfig, recipes, train_all
from phonofilm.training.config import Stage, TrainConfig, with_overrides
from phonofilm.training.loop import run


@dataclass(frozen=True)
class Plan:
    """Where each step of a model's training lives.

    Attributes:
        name: ``family-size``.
        out: folder of everything.
    """

    name: str
    out: Path

    @property
    def codec(self) -> Path:
        """The trained codec."""
        return self.out / "codec"

    @property
    def start(self) -> Path:
        """Fresh base networks, uncoupled, with codec and tokenizer."""
        return self.out / "start"

    @property
    def latents(self) -> Path:
        """Cached latents of training scenes."""
        return self.out / "latents"

    def stage(self, stage: Stage, kind: str | None = None) -> Path:
        """Run folder of a stage; joint runs differ by their coupling."""
        return self.out / (stage.value if kind is None else f"{stage.value}-{kind}")

    def finished(self, kind: str) -> Path:
        """The model with that coupling as it ships."""
        return self.out / f"{self.name}-{kind}"

    def settings(self, stage: Stage, overrides: list[str], kind: str | None = None) -> TrainConfig:
        """What a stage's run is told: the recipe, and what is to differ from it.

        Raises:
            SettingError: if there is no recipe, or for an override that is no setting.
        """
        out = self.stage(stage, kind)
        start = self.start if kind is None else out / "start"
        recipe = {"model": start, "out": out, "stage": stage, "latents": self.latents, **self.recipe[stage.value]}
        return with_overrides(recipe, overrides)

    @property
    def codec_runs(self) -> list[CodecTrainConfig]:
        """The runs that make the codec's parts."""
        return recipes(self.out / "codec-runs")

    @property
    def codec_kind(self) -> CodecKind:
        """The codec of the recipe, for the clips that the model makes.

        Raises:
            SettingError: if there is no recipe.
        """
        sizes = self.recipe["codec"]
        return CodecKind(self.shape, sizes.video, sizes.audio)

    @property
    def recipes(self) -> Any:
        """The family's ``recipes`` module.

        Raises:
            SettingError: if it has none.
        """
        name = f"phonofilm.models.{self._entry.family.name}.recipes"
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise SettingError(
                f"there is no recipe for {self.name} from nothing: give its family a recipes.py (docs/add-a-model.md), "
                "or train a model's folder"
            ) from error

    @property
    def couplings(self) -> tuple[str, ...]:
        """How picture and sound can be joined; the first, where nothing is asked for."""
        return self.recipes.COUPLINGS

    @property
    def recipe(self) -> dict[str, Any]:
        """The settings of this size.

        Raises:
            SettingError: if this size is not one that is trained from nothing.
        """
        known = self.recipes.RECIPES
        if self._entry.size not in known:
            raise SettingError(
                f"there is no recipe for {self.name} from nothing; sizes with one: {', '.join(sorted(known))}"
            )
        return known[self._entry.size]

    @property
    def config(self) -> BaseModel:
        """The preset's configuration."""
        return self._entry.family.presets[self._entry.size].config

    @property
    def shape(self) -> ClipShape:
        """The clips that the model makes."""
        return self._entry.family.presets[self._entry.size].shape

    @property
    def text_width(self) -> AV[int]:
        """Widths of the text conditioning that the network takes."""
        with torch.device("meta"):
            return self._entry.family.build(self.config).text_width

    @property
    def _entry(self) -> Entry:
        if self.name not in catalogue():
            raise unknown_name("model", self.name, catalogue())
        return catalogue()[self.name]


def check(plan: Plan, stages: Collection[Stage], kind: str, overrides: list[str]) -> None:
    """Find out before any work whether a plan can be carried out.

    Args:
        plan: of the model.
        stages: that are to be trained.
        kind: of the coupling, for the joint stage.
        overrides: of each stage's settings.

    Raises:
        SettingError: for an unknown model or one without a recipe, an unknown coupling or setting.
    """
    _ = plan.recipe  # raises where there is none
    if Stage.JOINT in stages:
        plan.recipes.coupled(plan.config, kind)
    if overrides and not stages:
        raise SettingError(f"{overrides[0]!r}: codec and latents take no settings; leave it out")
    for stage in stages:
        plan.settings(stage, overrides)


def codec(plan: Plan, quiet: bool = False) -> Path:
    """Train picture autoencoder, mel autoencoder and vocoder."""
    if plan.codec.exists():
        return plan.codec
    return train_all(plan.codec_runs, plan.codec, plan.codec_kind, quiet=quiet)


def prepare(plan: Plan, workers: int = 1, report: Callable[[int, int], None] | None = None) -> Path:
    """Fresh base networks beside the trained codec, and the latents that they learn from.

    Args:
        plan: of the model.
        workers: processes that draw and encode scenes.
        report: told how many scenes of how many are done.
    """
    recipe = plan.recipe
    if not plan.start.exists():
        text = fresh_text([sample_scene(seed).caption for seed in range(recipe["captions"])], plan.text_width)
        save(create(plan.name, codecs.load(plan.codec), text, config=plan.recipes.uncoupled(plan.config)), plan.start)
    model, scenes = load(plan.start), recipe["scenes"]
    done = latents.scenes_in(plan.latents)

    def added(count: int) -> None:
        nonlocal done
        done += count
        if report:
            report(done, scenes)

    latents.build(plan.latents, model.codec, model.shape, 0, scenes, workers=workers, progress=added)
    return plan.latents


def base(plan: Plan, stage: Stage, overrides: list[str], quiet: bool = False) -> Path:
    """Train one base network alone."""
    return run(plan.settings(stage, overrides), quiet)


def joint(plan: Plan, kind: str, overrides: list[str], quiet: bool = False) -> Path:
    """Couple the two trained base networks and train the coupling."""
    out = plan.stage(Stage.JOINT, kind)
    start = out / "start"
    if not start.exists():
        make_folder(out)
        save(coupled(plan, kind), start)
    return run(plan.settings(Stage.JOINT, overrides, kind), quiet)


def finish(plan: Plan, kind: str) -> Path:
    """The jointly trained model as it ships: weights as float16, beside the codec as it stands now.

    The vocoder may thus be trained further while the rest learns from latents, which do not depend on it.
    """
    trained = load(plan.stage(Stage.JOINT, kind) / "model")
    return save(replace(trained, codec=codecs.load(plan.codec)), plan.finished(kind), half=True)


def coupled(plan: Plan, kind: str) -> Model:
    """The trained base networks of both stages in one model, with a fresh coupling and both training records."""
    bases = [(stage, load(plan.stage(stage) / "model")) for stage in (Stage.VIDEO, Stage.AUDIO)]
    first = bases[0][1]
    model = create(plan.name, first.codec, first.text, config=plan.recipes.coupled(plan.config, kind))
    for stage, trained in bases:
        _adopt(model.network, trained.network, stage)
    model.text.audio.load_state_dict(bases[1][1].text.audio.state_dict())
    return replace(model, training=tuple(record for _, trained in bases for record in trained.training))


def fresh_text(captions: list[str], width: AV[int]) -> TextEncoder:
    """A text encoder of these widths with fresh weights, whose tokenizer knows the captions."""
    tokenizer = train_tokenizer(captions)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TextEncoder(TextConfig(vocabulary=len(tokenizer), width=width), tokenizer, seen_words(captions)).eval()


@torch.no_grad()
def _adopt(network: FamilyNetwork, trained: FamilyNetwork, stage: Stage) -> None:
    """Copy the parameters that ``stage`` trains from one network to another that has them too."""
    own = dict(network.named_parameters())
    for side in trained.trainable(stage.value).present():
        for name, value in (side or {}).items():
            own[name].copy_(value)

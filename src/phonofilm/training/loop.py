"""The training loop: any family, any stage.

A step is a function of (weights, optimiser state, seed, rank, step): clips, noise, dropped prompts and
self-conditioning are all drawn from generators seeded by those four, so a resumed run repeats an uninterrupted
one bit for bit on one CPU process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from phonofilm.conditioning.text import drop_texts
from phonofilm.data.clapperboard import HELD_OUT, training_seeds
from phonofilm.data.latents import CachedLatents, DrawnLatents, LatentBatch, LatentSource, describe
from phonofilm.data.packed.rows import INDEX
from phonofilm.data.packed.source import source
from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.models import Model, StageRecord, load, save
from phonofilm.pair import AV
from phonofilm.training import checkpoint
from phonofilm.training.alarms import Alarms
from phonofilm.training.config import FREE, Precision, Stage, TrainConfig
from phonofilm.training.ema import Average
from phonofilm.training.log import RunLog
from phonofilm.training.order import Order, mixed_seed
from phonofilm.training.step import Noised, add_noise, losses, own_estimate, targets
from phonofilm.weights import fingerprint

VALIDATION_CLIPS = 64
VALIDATION_SEED = HELD_OUT + 500_000  # apart from the seeds that benchmarks score
KEEP_CHECKPOINTS = 2

Numbers = dict[str, AV[float]]
"""What is logged of a step, by name; a side that does not learn has none."""


def run(config: TrainConfig, quiet: bool = False) -> Path:
    """Train one stage and write the model with averaged weights and one more record of its training.

    Returns:
        The folder of the finished model, ``config.out / "model"``.

    Raises:
        SettingError, WeightsError: for settings, latents or checkpoints that do not fit the model, and for
            checkpoints of a run with other settings.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    # Accelerator is not told of accumulation: it would divide the losses that _backward divides already.
    accelerator = Accelerator(
        mixed_precision="bf16" if config.precision is Precision.BF16 else "no", step_scheduler_with_optimizer=False
    )
    model = load(str(config.model))
    trainer = Trainer(config, model, accelerator)
    if trainer.finished:
        return config.out / "model"
    finished = trainer.train(quiet)
    if accelerator.is_main_process:
        save(finished, config.out / "model")
    return config.out / "model"


class Learner(nn.Module):
    """Network and text encoder as one module, so that distributed wrappers see one forward pass."""

    def __init__(self, model: Model, stage: Stage) -> None:
        super().__init__()
        self.network, self.text = model.network, model.text
        self.denoiser = model.denoiser()
        self.sides: AV[bool | None] = AV(None if stage is Stage.AUDIO else True, None if stage is Stage.VIDEO else True)

    def condition(self, texts: list[str]) -> AV[Tensor]:
        """Text conditioning of the modalities that train."""
        tokens, mask = self.text.tokens(texts)
        encoders = AV(self.text.video_states, self.text.audio_vector)
        return self.sides.map(lambda _, encode: encode(tokens, mask), encoders)

    def forward(self, batch: Noised, texts: list[str], share: float, generator: torch.Generator) -> AV[Tensor]:
        """Losses per sample; ``share`` of the samples see their own previous estimate."""
        cond = self.condition(texts)
        previous = None
        if share and self.sides.video and self.sides.audio:
            detached = cond.map(Tensor.detach)
            previous = own_estimate(self.denoiser, batch, detached, share, generator)
        return losses(self.denoiser, batch, cond, previous)


@dataclass
class Trainer:
    """One stage of one model; :meth:`train` does everything."""

    config: TrainConfig
    model: Model
    accelerator: Accelerator

    def __post_init__(self) -> None:
        config, model = self.config, self.model
        self.base = fingerprint(nn.ModuleList([model.network, model.text]))
        self.source = _source(config, model)
        self.order = Order(len(self.source), config.seed)
        self.held_out: LatentBatch | None = None
        self.parts = AV(*_trainable(model, config.stage))
        self.trained = {name: value for part in self.parts.present() for name, value in (part or {}).items()}
        for parameter in (*model.network.parameters(), *model.text.parameters()):
            parameter.requires_grad_(False)
        for parameter in self.trained.values():
            parameter.requires_grad_(True)
        learner = Learner(model, config.stage)
        optimizer = torch.optim.AdamW(
            self.trained.values(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        self.plain = learner
        self.learner, self.optimizer = self.accelerator.prepare(learner, optimizer)
        self.average = Average(self.trained, config.ema)
        self.alarms = Alarms()

    @property
    def finished(self) -> bool:
        """Whether a run of these settings took its last step, and its model lies there."""
        found, model = checkpoint.newest(self.config.out / checkpoint.FOLDER), self.config.out / "model"
        if found is None or not self.config.resume or not model.exists():
            return False
        checkpoint.check_settings(found, self._settings, FREE)
        last = load(str(model)).training[-1]
        return (last.stage, last.steps) == (self.config.stage.value, self.config.steps)

    def train(self, quiet: bool) -> Model:
        """Run to the last step, from the newest checkpoint if there is one; returns the averaged model."""
        config, main = self.config, self.accelerator.is_main_process
        folder = config.out / checkpoint.FOLDER
        progress = self._restore(folder)
        with RunLog(config.out, config.steps, progress.step, quiet or not main, config.stage.value) as log:
            if main:
                write_atomically(config.out / "config.json", config.model_dump_json(indent=1).encode(), force=True)
            done = self._loop(progress, folder, log)
            held_out = self._validate(log, done.step) if config.validate_every else {}
        self.average.copy_to(self.trained)
        return replace(self.model, training=(*self.model.training, self._record(done, held_out)))

    def _record(self, done: checkpoint.Progress, held_out: Numbers) -> StageRecord:
        config, accelerator = self.config, self.accelerator
        batch = config.batch * config.accumulate * accelerator.num_processes
        return StageRecord(
            stage=config.stage.value,
            clips=done.step * batch,
            steps=done.step,
            batch=batch,
            learning_rate=config.learning_rate,
            seed=config.seed,
            seconds=round(done.seconds, 1),
            device=_device(accelerator.device),
            losses={name: loss.map(lambda value: round(value, 6)) for name, loss in held_out.items()},
        )

    def _restore(self, folder: Path) -> checkpoint.Progress:
        found = checkpoint.newest(folder)
        if found is None:
            return checkpoint.Progress(0, 0.0)
        if not self.config.resume:
            raise SettingError(
                f"{folder} holds a run already: choose another out folder, or resume=true to continue it"
            )
        checkpoint.check_settings(found, self._settings, FREE)
        return checkpoint.load(found, self.trained, self.average, self.optimizer)

    @property
    def _settings(self) -> dict[str, Any]:
        """All that decides what the run gives: a model may change where it lies, so its weights count as well."""
        return {**self.config.model_dump(mode="json"), "base": self.base}

    def _loop(self, progress: checkpoint.Progress, folder: Path, log: RunLog) -> checkpoint.Progress:
        config, done = self.config, progress
        began = saved = time.monotonic()
        before_cooldown = int((1 - config.cooldown) * config.steps)
        log.start(progress.step)
        for step in range(progress.step, config.steps):
            tick = time.monotonic()
            numbers = self._step(step, log)
            rate = config.batch * config.accumulate * self.accelerator.num_processes / (time.monotonic() - tick)
            log.step(step + 1, numbers, rate, config.rate(step))
            done = checkpoint.Progress(step + 1, progress.seconds + time.monotonic() - began)
            due = time.monotonic() - saved > 60 * config.checkpoint_minutes
            if due or step + 1 in (config.steps, before_cooldown):
                self._save(folder, done, before_cooldown)
                saved = time.monotonic()
            if config.validate_every and (step + 1) % config.validate_every == 0:
                log.step(step + 1, self._validate(log, step), rate, config.rate(step))
        return done

    def _save(self, folder: Path, done: checkpoint.Progress, before_cooldown: int) -> None:
        """Write a checkpoint; the one before the cool-down is kept, since longer runs branch off there."""
        if self.accelerator.is_main_process:
            checkpoint.save(folder, self.trained, self.average, self.optimizer, done, self._settings)
            checkpoint.prune(folder, KEEP_CHECKPOINTS, {folder / f"step-{before_cooldown:08d}"})
        self.accelerator.wait_for_everyone()

    def _step(self, step: int, log: RunLog) -> Numbers:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate(step)
        self.optimizer.zero_grad()
        parts = [self._backward(step * config.accumulate + part) for part in range(config.accumulate)]
        gradient = self.parts.map(_gradient_norm)
        self.accelerator.clip_grad_norm_(list(self.trained.values()), config.clip_norm)
        self.optimizer.step()
        self.average.update(self.trained)
        clean, learned, zeros = zip(*parts, strict=True)
        loss, zero = _mean(learned), _mean(zeros)
        for complaint in self.alarms.check(clean[-1], loss, zero, gradient):
            log.say(f"warning: step {step}: {complaint}")
        return {"loss": loss, "gradient_norm": gradient}

    def _backward(self, index: int) -> tuple[AV[Tensor], AV[float], AV[float]]:
        """Add one batch's share of the step's gradients; gives its latents, its mean losses, and those of zero."""
        config = self.config
        batch, texts, generator = self._batch(index)
        with self.accelerator.autocast():
            loss = self.learner(batch, texts, config.self_conditioning, generator)
        mean = loss.map(torch.mean)
        self.accelerator.backward(sum(mean.present()) / config.accumulate)
        zero = targets(self.plain.denoiser, batch).map(lambda wanted: float(wanted.square().mean()))
        return batch.clean, mean.map(lambda value: float(value.detach())), zero

    def _batch(self, index: int) -> tuple[Noised, list[str], torch.Generator]:
        """Everything random about a batch, from (seed, rank, index) alone."""
        config, accelerator = self.config, self.accelerator
        rank, world, device = accelerator.process_index, accelerator.num_processes, accelerator.device
        generator = torch.Generator().manual_seed(mixed_seed(config.seed, rank, index))
        clips = self.source.take(self.order.batch(index, config.batch, rank, world))
        clean = self.plain.sides.map(lambda _, latents: latents.to(device), clips.latents)
        noised = add_noise(clean, config.noise, generator)
        return noised, drop_texts(clips.captions, config.text_dropout, generator), generator

    @torch.no_grad()
    def _validate(self, log: RunLog, step: int) -> dict[str, AV[float]]:
        """Losses of the averaged weights on held-out scenes at fixed noise, with their own texts and each other's.

        The second less the first is what the model has of its text.
        """
        if self.held_out is None:
            source = DrawnLatents(self.model.codec, self.model.shape, VALIDATION_SEED, VALIDATION_CLIPS)
            self.held_out = source.take(range(VALIDATION_CLIPS))
        live = {name: value.detach().clone() for name, value in self.trained.items()}
        self.average.copy_to(self.trained)
        clean = self.plain.sides.map(lambda _, x: x.to(self.accelerator.device), self.held_out.latents)
        own = self.held_out.captions
        others = [*own[1:], own[0]]
        numbers = {
            name: self.plain(
                add_noise(clean, self.config.noise, torch.Generator().manual_seed(0)), texts, 0.0, torch.Generator()
            ).map(lambda x: float(x.mean()))
            for name, texts in {"held_out_loss": own, "held_out_loss_other_text": others}.items()
        }
        for complaint in self.alarms.check_text(self.plain.condition(own)):
            log.say(f"warning: step {step}: {complaint}")
        for name, value in live.items():
            self.trained[name].copy_(value)
        return numbers


def _source(config: TrainConfig, model: Model) -> LatentSource:
    packed = config.latents is not None and (config.latents / INDEX).exists()
    if config.split is not None and not packed:
        raise SettingError(f"only a packed folder has splits: leave split={config.split} out, or name one in latents")
    if config.latents is None:
        training_seeds(config.first_seed, config.scenes)
        return DrawnLatents(model.codec, model.shape, config.first_seed, config.scenes)
    if packed:
        words, short = model.text.unknown_words, config.leave_short
        return source(
            config.latents, model.codec, model.shape, split=config.split, leave_short=short, unknown_words=words
        )
    cached = CachedLatents(config.latents)
    if describe(model.codec, model.shape, 0)["codec"] != cached.description["codec"]:
        raise SettingError(f"{config.latents} was made with another codec than {config.model}'s; build it again")
    training_seeds(cached.description["first_seed"], len(cached))
    return cached


def _trainable(model: Model, stage: Stage) -> AV[Mapping[str, nn.Parameter] | None]:
    """Named parameters that learn in a stage, by the modality that they serve.

    The family says which of the network's; text encoders learn with their base network and are frozen after.
    """
    own = {
        Stage.VIDEO: AV(model.text.video, None), Stage.AUDIO: AV(None, model.text.audio), Stage.JOINT: AV(None, None),
    }[stage]  # fmt: skip

    def merged(network: Mapping[str, nn.Parameter] | None, text: nn.Module | None, name: str) -> dict:
        named = {f"network.{key}": value for key, value in (network or {}).items()}
        if text is not None:
            named |= {f"text.{name}.{key}": value for key, value in text.named_parameters()}
        return named

    network = model.network.trainable(stage.value)
    video = merged(network.video, own.video, "video")
    audio = merged(network.audio, own.audio, "audio")
    return AV(video or None, audio or None)


def _gradient_norm(parameters: Mapping[str, nn.Parameter]) -> float:
    gradients = [value.grad for value in parameters.values() if value.grad is not None]
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))) if gradients else 0.0


def _mean(numbers: Sequence[AV[float]]) -> AV[float]:
    return numbers[0].map(lambda *sides: sum(sides) / len(sides), *numbers[1:])


def _device(device: torch.device) -> str:
    """What did the work, in words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"

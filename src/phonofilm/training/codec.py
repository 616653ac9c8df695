"""Training of codecs: picture autoencoder, mel autoencoder and vocoder, each a run of its own.

The first two do not need each other and may run side by side; the vocoder comes last, since it learns from
log-mels that went through the mel autoencoder. :func:`assemble` joins the three into a codec.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from phonofilm.codecs import audio_vae, video_vae
from phonofilm.codecs.audio_vae import AudioVae, AudioVaeConfig, MelVae
from phonofilm.codecs.base import Codec
from phonofilm.codecs.store import Part, load_part, save, save_part
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.codecs.vocoder import Vocoder, VocoderConfig
from phonofilm.errors import WeightsError
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.training import checkpoint
from phonofilm.training.codec_parts import Lesson, MelLesson, PictureLesson, Scenes, VocoderLesson
from phonofilm.training.ema import Average
from phonofilm.training.log import RunLog
from phonofilm.training.order import mixed_seed

TINY_SHAPE = ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000)
WARMUP = 100
KEEP_CHECKPOINTS = 2

PartT = TypeVar("PartT", bound=Part)


class CodecPart(str, Enum):
    """Which part of the codec a run trains."""

    PICTURE = "picture"
    MEL = "mel"
    VOCODER = "vocoder"


class CodecTrainConfig(BaseModel):
    """One run.

    Attributes:
        part: which part learns.
        out: run folder: checkpoints, log, and the finished part in ``part/``.
        steps: length of the run.
        minutes: if given, the run ends after this much training time instead, and ``steps`` only guesses at it.
        batch: frames (picture) or clips (mel, vocoder) a step.
        learning_rate: after warm-up; falls to zero along a half cosine.
        kl: weight of the KL term, for the autoencoders.
        scenes, first_seed: Clapperboard scenes that are drawn into memory.
        coder: for the vocoder, the folder of the trained mel autoencoder; without it only true log-mels are seen.
        tones: give the vocoder oscillators for steady tones.
        mel_weight: of the vocoder's log-mel term beside its spectral terms.
        loud_weight: of loud bins in that term, since most of a log-mel is near silence.
        ema: decay of the averaged weights.
        clip_norm: largest gradient norm.
        seed: of weights and batches.
        checkpoint_minutes: time between checkpoints.
        threads: CPU threads.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: CodecPart
    out: Path
    steps: int = Field(gt=0)
    minutes: float | None = Field(default=None, gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    kl: float = Field(default=0.0, ge=0)
    scenes: int = Field(default=3000, gt=0)
    first_seed: int = Field(default=0, ge=0)
    coder: Path | None = None
    tones: bool = False
    mel_weight: float = Field(default=3.0, gt=0)
    loud_weight: float = Field(default=1.0, gt=0)
    ema: float = Field(default=0.999, ge=0, lt=1)
    clip_norm: float = Field(default=1.0, gt=0)
    seed: int = 0
    checkpoint_minutes: float = Field(default=3.0, gt=0)
    threads: int = Field(default=1, gt=0)

    def done(self, progress: checkpoint.Progress) -> float:
        """Share of the run that is over, from 0 to 1."""
        over = progress.step / self.steps if self.minutes is None else progress.seconds / (60 * self.minutes)
        return min(1.0, over)

    def rate(self, progress: checkpoint.Progress) -> float:
        """Learning rate of the next step."""
        rise = min(1.0, (progress.step + 1) / WARMUP)
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * self.done(progress)))


def recipe(part: CodecPart, out: Path, coder: Path | None = None) -> CodecTrainConfig:
    """The run that made the shipped weights of ``svg-tiny``."""
    if part is CodecPart.PICTURE:
        return CodecTrainConfig(part=part, out=out, steps=2200, batch=32, learning_rate=2e-3, kl=3e-4)
    if part is CodecPart.MEL:
        return CodecTrainConfig(part=part, out=out, steps=2500, batch=8, learning_rate=2e-3, kl=1e-3, scenes=6000)
    return CodecTrainConfig(part=part, out=out, steps=3500, batch=12, learning_rate=1.5e-3, coder=coder, scenes=4000)


def recipes(out: Path) -> list[CodecTrainConfig]:
    """The three runs below ``out`` that make a whole codec, in order."""
    coder = out / CodecPart.MEL.value / "part"
    return [recipe(part, out / part.value, coder if part is CodecPart.VOCODER else None) for part in CodecPart]


def train_all(
    runs: Sequence[CodecTrainConfig], out: Path, shape: ClipShape = TINY_SHAPE, workers: int = 2, quiet: bool = False
) -> Path:
    """Train picture autoencoder, mel autoencoder and vocoder, and write the codec to ``out``.

    The two autoencoders run side by side in processes of their own where ``workers`` allows. Runs that are over
    are not repeated, so the same call continues where it was stopped.
    """
    picture, mel, vocoder = runs
    if workers > 1:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(train, run, shape, quiet) for run in (picture, mel)]
            pictures, mels = (job.result() for job in jobs)
    else:
        pictures, mels = (train(run, shape, quiet) for run in (picture, mel))
    save(assemble(pictures, mels, train(vocoder, shape, quiet)), out)
    return out


def train(config: CodecTrainConfig, shape: ClipShape = TINY_SHAPE, quiet: bool = False) -> Path:
    """Run to the end, from the newest checkpoint if there is one; a run that is over is not repeated.

    Returns:
        The folder of the finished part, with averaged weights: ``config.out / "part"``.

    Raises:
        WeightsError: if the run folder holds checkpoints of something else, or ``coder`` is no mel autoencoder.
    """
    finished = config.out / "config.json"  # written last
    if finished.exists() and finished.read_text() == config.model_dump_json(indent=1):
        return config.out / "part"
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # of the fresh weights; batches have generators of their own
    lesson = _lesson(config, shape)
    trained = dict(lesson.network.named_parameters())
    average = Average(trained, config.ema)
    optimizer = torch.optim.AdamW(trained.values(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
    found = checkpoint.newest(config.out / "checkpoints")
    progress = checkpoint.Progress(0, 0.0) if found is None else checkpoint.load(found, trained, average, optimizer)
    with RunLog(config.out, config.steps, progress.step, quiet) as log:
        _Run(config, lesson, trained, average, optimizer, log).to_the_end(progress)
    average.copy_to(trained)
    lesson.network.eval()
    lesson.finish()
    save_part(lesson.network, config.out / "part")
    finished.write_text(config.model_dump_json(indent=1))
    return config.out / "part"


def assemble(picture: Path, mel: Path, vocoder: Path) -> Codec:
    """The codec made of three finished parts.

    Raises:
        WeightsError: if a folder does not hold the part it should.
    """
    mel_vae, sound = _part(mel, MelVae), _part(vocoder, Vocoder)
    whole = AudioVae(AudioVaeConfig(mel_vae=mel_vae.config, vocoder=sound.config))
    whole.mel_vae.load_state_dict(mel_vae.state_dict())
    whole.vocoder.load_state_dict(sound.state_dict())
    return Codec(_part(picture, VideoVae), whole.eval().requires_grad_(False))


@dataclass
class _Run:
    """The loop and what it does not change."""

    config: CodecTrainConfig
    lesson: Lesson
    trained: dict[str, nn.Parameter]
    average: Average
    optimizer: torch.optim.Optimizer
    log: RunLog

    def to_the_end(self, progress: checkpoint.Progress) -> None:
        """Step until the run is over; checkpoint now and then, and at the end."""
        folder = self.config.out / "checkpoints"
        saved = time.monotonic()
        self.log.start(progress.step)
        while self.config.done(progress) < 1:
            progress = self._step(progress)
            over = self.config.done(progress) == 1
            if over or time.monotonic() - saved > 60 * self.config.checkpoint_minutes:
                checkpoint.save(folder, self.trained, self.average, self.optimizer, progress)
                checkpoint.prune(folder, KEEP_CHECKPOINTS, set())
                saved = time.monotonic()

    def _step(self, progress: checkpoint.Progress) -> checkpoint.Progress:
        tick = time.monotonic()
        config = self.config
        generator = torch.Generator().manual_seed(mixed_seed(config.seed, 0, progress.step))
        terms = self.lesson.loss(generator, config.batch)
        self.optimizer.zero_grad()
        sum(terms.values(), torch.zeros(())).backward()
        torch.nn.utils.clip_grad_norm_(list(self.trained.values()), config.clip_norm)
        rate = config.rate(progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.average.update(self.trained)
        seconds = time.monotonic() - tick
        numbers = {f"loss_{name}": self._side(float(value.detach())) for name, value in terms.items()}
        self.log.step(progress.step + 1, numbers, config.batch / seconds, rate)
        return checkpoint.Progress(progress.step + 1, progress.seconds + seconds)

    def _side(self, value: float) -> AV[Any]:
        return AV(value, None) if self.config.part is CodecPart.PICTURE else AV(None, value)


def _lesson(config: CodecTrainConfig, shape: ClipShape) -> Lesson:
    scenes = Scenes(config.first_seed, config.scenes, shape)
    if config.part is CodecPart.PICTURE:
        return PictureLesson(VideoVae(video_vae.TINY), scenes, config.kl)
    if config.part is CodecPart.MEL:
        return MelLesson(MelVae(audio_vae.TINY.mel_vae), scenes, config.kl)
    coder = None if config.coder is None else _part(config.coder, MelVae)
    return VocoderLesson(
        Vocoder(VocoderConfig(tones=config.tones)), scenes, coder, config.mel_weight, config.loud_weight
    )


def _part(folder: Path, kind: type[PartT]) -> PartT:
    part = load_part(folder)
    if not isinstance(part, kind):
        raise WeightsError(f"{folder} holds a {part.kind}, a {kind.__name__} is needed here")
    return part

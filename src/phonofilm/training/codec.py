"""Training of codecs: picture autoencoder, mel autoencoder and vocoder, each a run of its own.

The first two do not need each other and may run side by side; the vocoder comes last, since it learns from
log-mels that went through the mel autoencoder. :func:`assemble` joins the three into a codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import Field

from phonofilm.codecs.audio_vae import AudioVae, AudioVaeConfig, MelVae
from phonofilm.codecs.base import Codec
from phonofilm.codecs.store import Part, load_part, save, save_part
from phonofilm.codecs.video_vae import VideoVae, VideoVaeConfig
from phonofilm.codecs.vocoder import Vocoder, VocoderConfig
from phonofilm.data.clapperboard import training_seeds
from phonofilm.errors import SettingError, WeightsError
from phonofilm.shapes import ClipShape
from phonofilm.training.checkpoint import FOLDER, standing
from phonofilm.training.codec_parts import MelLesson, PartLesson, PictureLesson, Scenes, VocoderLesson
from phonofilm.training.lesson import LessonConfig, teach
from phonofilm.training.log import say, watched
from phonofilm.workers import helpers

PartT = TypeVar("PartT", bound=Part)


@dataclass(frozen=True)
class CodecKind:
    """What a codec is made for, and how large.

    Attributes:
        shape: of the clips that it learns from.
        video, audio: sizes of its parts.
    """

    shape: ClipShape
    video: VideoVaeConfig
    audio: AudioVaeConfig


class CodecPart(str, Enum):
    """Which part of the codec a run trains."""

    PICTURE = "picture"
    MEL = "mel"
    VOCODER = "vocoder"


class CodecTrainConfig(LessonConfig):
    """One run; a batch is frames (picture) or clips (mel, vocoder).

    Attributes:
        part: which part learns.
        kl: weight of the KL term, for the autoencoders.
        coder: for the vocoder, the folder of the trained mel autoencoder; without it only true log-mels are seen.
        tones: give the vocoder oscillators for steady tones.
        mel_weight: of the vocoder's log-mel term beside its spectral terms.
        loud_weight: of loud bins in that term, since most of a log-mel is near silence.
    """

    part: CodecPart
    kl: float = Field(default=0.0, ge=0)
    coder: Path | None = None
    tones: bool = False
    mel_weight: float = Field(default=3.0, gt=0)
    loud_weight: float = Field(default=1.0, gt=0)


def recipe(part: CodecPart, out: Path, coder: Path | None = None) -> CodecTrainConfig:
    """The run that made the shipped weights of ``svg-tiny``."""
    if part is CodecPart.PICTURE:
        return CodecTrainConfig(part=part, out=out, steps=2200, batch=32, learning_rate=2e-3, kl=3e-4)
    if part is CodecPart.MEL:
        return CodecTrainConfig(part=part, out=out, steps=2500, batch=8, learning_rate=2e-3, kl=1e-3, scenes=6000)
    return CodecTrainConfig(
        part=part, out=out, steps=3000, batch=12, learning_rate=1.5e-3, coder=coder, scenes=4000,
        tones=True, mel_weight=2.0, loud_weight=5.0,
    )  # fmt: skip


def recipes(out: Path) -> list[CodecTrainConfig]:
    """The three runs below ``out`` that make a whole codec, in order."""
    coder = out / CodecPart.MEL.value / "part"
    return [recipe(part, out / part.value, coder if part is CodecPart.VOCODER else None) for part in CodecPart]


def train_all(
    runs: Sequence[CodecTrainConfig], out: Path, kind: CodecKind, workers: int = 2, quiet: bool = False
) -> Path:
    """Train picture autoencoder, mel autoencoder and vocoder, and write the codec to ``out``.

    The two autoencoders run side by side in processes of their own where ``workers`` allows. Runs that are over
    are not repeated, so the same call continues where it was stopped.
    """
    picture, mel, vocoder = runs
    together = _side_by_side if workers > 1 else _in_turn
    pictures, mels = together((picture, mel), kind, quiet)
    save(assemble(pictures, mels, train(vocoder, kind, quiet)), out)
    return out


def _in_turn(runs: Sequence[CodecTrainConfig], kind: CodecKind, quiet: bool) -> list[Path]:
    return [train(run, kind, quiet) for run in runs]


def _side_by_side(runs: Sequence[CodecTrainConfig], kind: CodecKind, quiet: bool) -> list[Path]:
    try:
        with helpers(len(runs)) as pool:
            jobs: list[Future[Path]] = [pool.schedule(train, (run, kind, quiet)) for run in runs]
            for job in as_completed(jobs):
                job.result()  # the first that fails ends the others
    except KeyboardInterrupt:
        for run in runs:
            say(f"{run.part.value}: {standing(run.out / FOLDER)}", quiet)
        raise
    return [job.result() for job in jobs]


def train(config: CodecTrainConfig, kind: CodecKind, quiet: bool = False) -> Path:
    """Run to the end, from the newest checkpoint if there is one; a run that is over is not repeated.

    Returns:
        The folder of the finished part, with averaged weights: ``config.out / "part"``.

    Raises:
        SettingError: if the run was begun with other settings, its scenes are kept for evaluation, or the vocoder
            is of a kind that is not trained.
        WeightsError: if the run folder holds checkpoints of something else, or ``coder`` is no mel autoencoder.
    """
    finished = config.out / "config.json"  # written last
    if finished.exists() and finished.read_text(encoding="utf-8") == config.model_dump_json(indent=1):
        return config.out / "part"
    training_seeds(config.first_seed, config.scenes)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # of the fresh weights; batches have generators of their own
    lesson = _lesson(config, kind, quiet)
    teach(lesson, config, quiet, config.part.value)
    lesson.network.eval()
    lesson.finish()
    save_part(lesson.network, config.out / "part")
    finished.write_text(config.model_dump_json(indent=1), encoding="utf-8")
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


def _lesson(config: CodecTrainConfig, kind: CodecKind, quiet: bool) -> PartLesson:
    watch = partial(watched, what=f"{config.part.value}: drawing scenes", quiet=quiet)
    scenes = Scenes(config.first_seed, config.scenes, kind.shape, watch)
    if config.part is CodecPart.PICTURE:
        return PictureLesson(VideoVae(kind.video), scenes, config.kl)
    if config.part is CodecPart.MEL:
        return MelLesson(MelVae(kind.audio.mel_vae), scenes, config.kl)
    if not isinstance(kind.audio.vocoder, VocoderConfig):
        raise SettingError(f"a {type(kind.audio.vocoder).__name__} is not trained here: choose a VocoderConfig")
    coder = None if config.coder is None else _part(config.coder, MelVae)
    network = Vocoder(kind.audio.vocoder.model_copy(update={"tones": config.tones}))
    return VocoderLesson(network, scenes, coder, config.mel_weight, config.loud_weight)


def _part(folder: Path, kind: type[PartT]) -> PartT:
    part = load_part(folder)
    if not isinstance(part, kind):
        raise WeightsError(f"{folder} holds a {part.kind}, a {kind.__name__} is needed here")
    return part

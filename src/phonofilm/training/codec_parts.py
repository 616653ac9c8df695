"""What each part of a codec learns from, and by which loss.

Scenes are drawn into memory once, before the first step, so
that a step costs the network's time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from phonofilm.codecs.audio_vae import MelVae
from phonofilm.codecs.autoencoder import Autoencoder
from phonofilm.codecs.base import frames_to_tensor
from phonofilm.codecs.mel import HOP, LogMel
from phonofilm.codecs.store import Part
from phonofilm.codecs.video_vae import VideoVae
from phonofilm.codecs.vocoder import Vocoder
from phonofilm.data.clapperboard import Scene, render_audio, render_frames, sample_scene
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.training.lesson import Lesson

MOVING = 12  # 8-bit steps from the clip's median frame at which a pixel counts as moving
MOVING_WEIGHT = 6.0  # events are carried by few pixels: what moves counts this much more
RESOLUTIONS = (1024, 512, 256, 128, 64)  # windows of the spectral loss; the short ones keep attacks sharp
QUIET = 1e-3  # spectral magnitudes below this (about one 16-bit step) count as silence
LOUD = -4.0  # a log-mel bin above this is loud: about 50 dB below the loudest impact's
CROP = 64  # mel frames of a vocoder's training example
CODED_SHARE = 0.5  # of the vocoder's log-mels that have been through the mel autoencoder


class PartLesson(Lesson, Protocol):
    """A lesson whose network is a part of the codec."""

    @property
    def network(self) -> Part:
        """What learns."""
        ...

    def finish(self) -> None:
        """What is measured on the trained network and stored with it."""
        ...


@dataclass(frozen=True)
class Scenes:
    """Where training scenes come from.

    Attributes:
        first_seed, count: their seeds.
        shape: of the clips.
        watch: what the numbers of scenes go through while they are drawn, to tell how far it is.
    """

    first_seed: int
    count: int
    shape: ClipShape
    watch: Callable[[range], Iterable[int]] = iter

    def frames(self) -> np.ndarray:
        """uint8 ``(scene, F, H, W, 3)``."""
        return np.stack([render_frames(self._scene(i), self.shape) for i in self._numbers()])

    def sound(self) -> Tensor:
        """float32 ``(scene, samples)``."""
        return torch.from_numpy(np.stack([render_audio(self._scene(i), self.shape)[0] for i in self._numbers()]))

    def _numbers(self) -> Iterable[int]:
        return self.watch(range(self.count))

    def _scene(self, index: int) -> Scene:
        return sample_scene(self.first_seed + index, seconds=self.shape.seconds)


class PictureLesson:
    """Single frames through the picture autoencoder.

    Loss: L1 weighted towards what moves, L1 of the differences between neighbouring pixels (edges), KL.
    """

    senses = AV(True, False)

    def __init__(self, network: VideoVae, scenes: Scenes, kl: float) -> None:
        self.network, self.kl = network, kl
        self.frames = scenes.frames()
        self.still = np.stack([np.median(clip, axis=0) for clip in self.frames]).astype(np.uint8)

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`phonofilm.training.lesson.Lesson`."""
        clip = torch.randint(len(self.frames), (batch,), generator=generator).numpy()
        frame = torch.randint(self.frames.shape[1], (batch,), generator=generator).numpy()
        pictures, still = self.frames[clip, frame], self.still[clip]
        clean = frames_to_tensor(pictures).transpose(0, 1)
        rebuilt, kl = _through(self.network.autoencoder, clean, generator)
        weight = _motion_weight(pictures, still)
        edges = [
            (weight.narrow(axis, 1, size - 1) * ((rebuilt - clean).diff(dim=axis).abs())).mean()
            for axis, size in ((2, clean.shape[2]), (3, clean.shape[3]))
        ]
        return {
            "l1": (weight * (rebuilt - clean).abs()).mean(),
            "edges": 0.5 * sum(edges, torch.zeros(())),
            "kl": self.kl * kl,
        }

    @torch.no_grad()
    def finish(self) -> None:
        """Measure the latents' mean and spread."""
        sample = torch.cat([frames_to_tensor(clip).transpose(0, 1) for clip in self.frames[:512, ::4]])
        moments = [self.network.autoencoder.moments(piece)[0] for piece in sample.split(64)]
        self.network.autoencoder.standardise(torch.cat(moments))


class MelLesson:
    """Whole log-mels through the mel autoencoder. Loss: L1, L1 of the differences in time (attacks), KL."""

    senses = AV(False, True)

    def __init__(self, network: MelVae, scenes: Scenes, kl: float) -> None:
        self.network, self.kl = network, kl
        self.pictures = network.picture(_log_mels(scenes.sound()))

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`phonofilm.training.lesson.Lesson`."""
        clean = self.pictures[torch.randint(len(self.pictures), (batch,), generator=generator)]
        rebuilt, kl = _through(self.network.autoencoder, clean, generator)
        error = rebuilt - clean
        return {"l1": error.abs().mean(), "attacks": 0.5 * error.diff(dim=2).abs().mean(), "kl": self.kl * kl}

    @torch.no_grad()
    def finish(self) -> None:
        """Measure the latents' mean and spread."""
        moments = [self.network.autoencoder.moments(piece)[0] for piece in self.pictures[:512].split(16)]
        self.network.autoencoder.standardise(torch.cat(moments))


class VocoderLesson:
    """Log-mels back to sound, half of them blurred by the mel autoencoder that the vocoder will serve.

    Loss: spectral convergence and log-magnitude L1 at several windows (arXiv 1910.11480), and log-mel L1.
    """

    senses = AV(False, True)

    def __init__(
        self, network: Vocoder, scenes: Scenes, coder: MelVae | None, mel_weight: float, loud_weight: float
    ) -> None:
        self.network, self.mel_weight, self.loud_weight = network, mel_weight, loud_weight
        self.sound = scenes.sound()
        self.log_mel = LogMel()
        self.mels = _log_mels(self.sound)
        self.coded = self.mels if coder is None else _coded(coder, self.mels)

    def loss(self, generator: torch.Generator, batch: int) -> dict[str, Tensor]:
        """See :class:`phonofilm.training.lesson.Lesson`."""
        chosen = torch.randint(len(self.mels), (batch,), generator=generator)
        split = int(batch * CODED_SHARE)
        mels = torch.cat([self.coded[chosen[:split]], self.mels[chosen[split:]]])
        starts = self._starts(chosen, generator)
        made = self.network(torch.stack([mel[at : at + CROP] for mel, at in zip(mels, starts, strict=True)]))
        true = torch.stack([self.sound[i, at * HOP : (at + CROP) * HOP] for i, at in zip(chosen, starts, strict=True)])
        wanted = self.log_mel(true)
        weight = torch.where(wanted > LOUD, self.loud_weight, 1.0)
        mel = (weight * (self.log_mel(made) - wanted).abs()).mean()
        return {**spectral_loss(made, true), "mel": self.mel_weight * mel}

    def _starts(self, chosen: Tensor, generator: torch.Generator) -> list[int]:
        """Where to cut: of two random places the louder, since much of a clip is silent."""
        places = torch.randint(self.mels.shape[1] - CROP + 1, (len(chosen), 2), generator=generator)
        ends = (places + CROP).unsqueeze(2)
        frame = torch.arange(self.mels.shape[1])
        inside = (frame >= places.unsqueeze(2)) & (frame < ends)
        loudness = (self.mels[chosen].mean(dim=2).unsqueeze(1) * inside).sum(dim=2)
        return places.gather(1, loudness.argmax(dim=1, keepdim=True)).squeeze(1).tolist()

    def finish(self) -> None:
        """Nothing to measure."""


def spectral_loss(made: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Spectral convergence and log-magnitude L1 of waveforms ``(B, samples)``, averaged over windows."""
    convergence, level = [], []
    for window in RESOLUTIONS:
        a, b = (_magnitude(sound, window) for sound in (made, true))
        scale = torch.linalg.vector_norm(b, dim=(1, 2)).clamp(min=1.0)
        convergence.append((torch.linalg.vector_norm(a - b, dim=(1, 2)) / scale).mean())
        level.append(functional.l1_loss(a.log(), b.log()))
    count = len(RESOLUTIONS)
    return {"convergence": sum(convergence, torch.zeros(())) / count, "level": sum(level, torch.zeros(())) / count}


def _magnitude(sound: Tensor, window: int) -> Tensor:
    spectrum = torch.stft(sound, window, window // 4, window=torch.hann_window(window), return_complex=True)
    # the square root has no slope at zero, so the floor goes inside it
    return (spectrum.real**2 + spectrum.imag**2).clamp(min=QUIET**2).sqrt()


def _through(network: Autoencoder, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures rebuilt from a drawn latent, and the KL divergence in nats per latent value."""
    mean, log_variance = network.moments(clean)
    noise = torch.randn(mean.shape, generator=generator)
    rebuilt = network.pictures(mean + (0.5 * log_variance).exp() * noise)
    return rebuilt, 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()


def _motion_weight(pictures: np.ndarray, still: np.ndarray) -> Tensor:
    """1 where nothing moves, ``MOVING_WEIGHT`` in and next to what does: ``(N, 1, H, W)``, mean 1."""
    moving = np.abs(pictures.astype(np.int16) - still).max(axis=-1) > MOVING
    near = functional.max_pool2d(torch.from_numpy(moving).unsqueeze(1).float(), 3, stride=1, padding=1)
    weight = 1 + (MOVING_WEIGHT - 1) * near
    return weight / weight.mean()


@torch.no_grad()
def _log_mels(sound: Tensor) -> Tensor:
    log_mel = LogMel()
    return torch.cat([log_mel(piece) for piece in sound.split(64)])


@torch.no_grad()
def _coded(coder: MelVae, mels: Tensor) -> Tensor:
    """Log-mels that went through the mel autoencoder."""
    return torch.cat([coder.decode(coder.encode(piece)) for piece in mels.split(32)])

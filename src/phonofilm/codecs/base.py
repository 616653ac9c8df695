"""What a codec is: two parts with one contract, and the step between clips and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.clip import Clip
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape


class VideoCodec(Protocol):
    """Pictures to latents and back, frame by frame."""

    @property
    def encoder(self) -> nn.Module:
        """Holds every weight that latents depend on."""
        ...

    def encode(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, F, H, W)`` in [-1, 1] to latents ``(B, C, F, h, w)`` of unit variance per channel."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Latents ``(B, C, F, h, w)`` to frames ``(B, 3, F, H, W)``, about [-1, 1]."""
        ...

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(C, F, h, w)`` of a clip; raises ``SettingError`` for a picture size the codec cannot take."""
        ...


class AudioCodec(Protocol):
    """Sound to latents and back.

    Attributes:
        sample_rate: the only sample rate it takes and gives.
    """

    sample_rate: int

    @property
    def encoder(self) -> nn.Module:
        """Holds every weight that latents depend on; a vocoder, say, may be trained on while latents stand."""
        ...

    def encode(self, sound: Tensor) -> Tensor:
        """Waveforms ``(B, samples)`` in [-1, 1] to latents ``(B, C, T, M)`` of unit variance per channel."""
        ...

    def decode(self, latents: Tensor, samples: int) -> Tensor:
        """Latents ``(B, C, T, M)`` to waveforms ``(B, samples)``, about [-1, 1]."""
        ...

    def latent_shape(self, shape: ClipShape) -> tuple[int, ...]:
        """``(C, T, M)`` of a clip."""
        ...


@dataclass(frozen=True)
class Codec:
    """A picture codec beside a sound codec.

    Attributes:
        video, audio: the parts.
    """

    video: VideoCodec
    audio: AudioCodec

    def latent_shape(self, shape: ClipShape) -> AV[tuple[int, ...]]:
        """Sizes of the latents of one clip.

        Raises:
            SettingError: if the codec cannot take clips of this shape.
        """
        self._check(shape)
        return AV(self.video.latent_shape(shape), self.audio.latent_shape(shape))

    @torch.no_grad()
    def encode(self, clips: Sequence[Clip]) -> AV[Tensor]:
        """Clips of one shape to latents, ``(clip, C, F, h, w)`` beside ``(clip, C, T, M)``, where its weights are.

        Raises:
            SettingError: if the clips differ in shape, or have a shape that the codec cannot take.
            MediaError: if a clip lacks picture or sound.
        """
        shapes = {clip.shape for clip in clips}
        if len(shapes) != 1:
            raise SettingError(f"encode takes clips of one shape, got {len(shapes)}: cut and resample them alike")
        self._check(shapes.pop())
        frames = torch.stack([frames_to_tensor(both(clip).video) for clip in clips])
        sound = torch.stack([torch.from_numpy(both(clip).audio[0]) for clip in clips])
        latents = AV(
            self.video.encode(frames.to(device_of(self.video.encoder))),
            self.audio.encode(sound.to(device_of(self.audio.encoder))),
        )
        # Autoencoders answer in channels-last order; torch 2.13's CPU convolutions crash in the backward
        # pass of a network that is trained on such permuted 5-dimensional views.
        return latents.map(torch.Tensor.contiguous)

    @torch.no_grad()
    def decode(self, latents: AV[Tensor], shape: ClipShape) -> list[Clip]:
        """Latents to clips of the given shape; a side that is ``None`` gives clips without that modality.

        Raises:
            SettingError: if the latents are not those of such clips.
        """
        expected = self.latent_shape(shape)
        latents.map(_same_shape, expected)
        frames = None if latents.video is None else tensor_to_frames(self.video.decode(latents.video))
        sound = None if latents.audio is None else self.audio.decode(latents.audio, shape.samples)
        count = len(latents.present()[0])
        return [
            Clip(
                None if frames is None else frames[i],
                None if sound is None else sound[i : i + 1].clamp(-1, 1).float().cpu().numpy(),
                shape.fps,
                shape.sample_rate,
            )
            for i in range(count)
        ]

    def _check(self, shape: ClipShape) -> None:
        if shape.channels != 1:
            raise SettingError(f"the codec takes one audio channel, got {shape.channels}: mix the sound down first")
        if shape.sample_rate != self.audio.sample_rate:
            raise SettingError(
                f"the codec takes sound at {self.audio.sample_rate} Hz, got {shape.sample_rate} Hz: resample it first"
            )


def both(clip: Clip) -> AV[np.ndarray]:
    """A clip's frames and audio.

    Raises:
        MediaError: if one of them is missing.
    """
    if clip.frames is None or clip.audio is None:
        raise MediaError(
            "a codec takes whole clips; this one has no " + ("picture" if clip.frames is None else "sound")
        )
    return AV(clip.frames, clip.audio)


def frames_to_tensor(frames: np.ndarray) -> Tensor:
    """uint8 ``(F, H, W, 3)`` to float32 ``(3, F, H, W)`` in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2).float() / 127.5 - 1


def tensor_to_frames(frames: Tensor) -> np.ndarray:
    """Float ``(B, 3, F, H, W)`` in [-1, 1] to uint8 ``(B, F, H, W, 3)``, rounded and clipped."""
    pixels = ((frames.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.permute(0, 2, 3, 4, 1).contiguous().cpu().numpy()


def _same_shape(latents: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(latents.shape[1:]) != expected:
        raise SettingError(
            f"latents of a clip of this shape are {expected}, got {tuple(latents.shape[1:])}: "
            "give the shape of the clips that they were made from"
        )


def device_of(part: nn.Module) -> torch.device:
    """Where a part's weights are."""
    weight = next(part.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device

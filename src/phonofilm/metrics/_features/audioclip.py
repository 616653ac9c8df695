"""The audio head of AudioCLIP (Guzhov et al., arXiv 2106.13043): ESResNeXt-FBSP (arXiv 2104.11587) at 44.1 kHz.

Layout of weights of AndreyGuzhov/AudioCLIP (model/audioclip.py and model/esresnet/{base,fbsp,attention}.py); of the
checkpoint, which holds all three heads, what is called ``audio.*`` is used. The features are the 1,024 values that the
head gives, as they are: MM-Diffusion and JavisBench do not normalise them for their FAD, as AudioCLIP does.

Sound in [-1, 1] is first mapped as if it were 16-bit whole numbers, from [-32768, 32767] to [-1, 1], in float32, as
published (base.py: _forward_pre_processing). That rounds positive samples to multiples of 1 / 256 and negative ones to
multiples of 1 / 512, so that quieter sounds vanish, and puts all others 90 dB below what the network was given in its
training. It is kept, since the published numbers are made so.

Then frames of 1,654 samples every 561 (padded with zeros on both sides to a whole number of frames), under the
checkpoint's window, in the middle of 2,048; the learned transform (frequency B-spline wavelets); power in decibels,
zero as -180; its 1,023 lowest bins as three pictures of 341.

Parity: loaded with one set of random weights, by the same names and shapes, AudioCLIP's own class gives the same
features, bit by bit, for 0.8 s and 1.6 s of sound, and within 1e-5 of their largest value for 0.03 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._listening import MM_DIFFUSION, Listener
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

SAMPLE_RATE = 44_100
WINDOW, HOP, TRANSFORM = 1654, 561, 2048
BINS = TRANSFORM // 2 + 1
PICTURES = 3
TINY = 1e-8
SILENT = 1e-18
EXPANSION = 4


@dataclass(frozen=True)
class Size:
    """Widths of the network.

    Attributes:
        width: channels of the first convolution and, times 1, 2, 4 and 8, base of the four layers.
        blocks: of the four layers.
        groups: of the grouped convolutions, which have ``2 width`` times 1, 2, 4, 8 channels.
        embedding: width of the embedding.
    """

    width: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    groups: int = 32
    embedding: int = 1024


PUBLISHED = Size()
KERNELS = ((3, 1), (1, 5), (3, 1), (1, 5), (3, 5))
"""Of the attention beside the four layers, in (frequency, time), and of that beside the last mean."""


class _Wavelets(nn.Module):
    """A learned transform: ``sqrt(fb) sinc(fb t / m)^m exp(-i fc t)``, with one ``m``, ``fb``, ``fc`` for each bin."""

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(BINS))
        self.fb = nn.Parameter(torch.ones(BINS))
        self.fc = nn.Parameter(torch.zeros(BINS))
        self.bias = nn.Parameter(torch.zeros(0))  # of the published layout, which has none

    @cached_property
    def kernels(self) -> Tensor:
        """Real and imaginary part of each bin's wavelet, ``(2, bin, 2048)``."""
        time = torch.pi * torch.linspace(-1, 1, TRANSFORM, device=self.m.device) + TINY
        m, fb, fc = (values[:, None] for values in (self.m, self.fb, self.fc))
        place = fb * time / (m + TINY)
        sinc = torch.where(place == 0, 1, place.sin() / place)
        size, turn = sinc.square() ** (0.5 * m), m * torch.atan2(torch.zeros_like(sinc), sinc)
        real, imag = size * turn.cos(), size * turn.sin()
        cos, sin = (fc * time).cos(), -(fc * time).sin()
        return fb.sqrt() * torch.stack([real * cos - imag * sin, real * sin + imag * cos]) / TRANSFORM**0.5

    def forward(self, frames: Tensor) -> Tensor:
        """Frames ``(B, time, 2048)`` to power ``(B, time, bin)``."""
        real, imag = self.kernels
        return (frames @ real.T).square() + (frames @ imag.T).square()


class _Bottleneck(nn.Module):
    def __init__(self, width: int, planes: int, stride: int, groups: int) -> None:
        super().__init__()
        inner, out = 2 * planes, EXPANSION * planes
        self.conv1 = nn.Conv2d(width, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = (
            nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            if stride != 1 or width != out
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        found = F.relu(self.bn1(self.conv1(x)))
        found = F.relu(self.bn2(self.conv2(found)))
        return F.relu(self.bn3(self.conv3(found)) + self.downsample(x))


class _Attention(nn.Module):
    """Weights in [0, 1] for what a layer gives, from what it took."""

    def __init__(self, width: int, channels: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv_depth = nn.Conv2d(width, width, kernel, padding=padding, groups=width)
        self.conv_point = nn.Conv2d(width, channels, 1)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        pooled = F.adaptive_max_pool2d(x, (like.shape[2], like.shape[3]))
        return like * self.bn(self.conv_point(self.conv_depth(pooled))).sigmoid()


class Network(nn.Module):
    """ESResNeXt-FBSP.

    Args:
        size: widths.
    """

    window: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.register_buffer("window", torch.zeros(WINDOW))
        self.fbsp = _Wavelets()
        self.conv1 = nn.Conv2d(PICTURES, size.width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(size.width)
        self.depth = len(size.blocks)
        width = size.width
        for place, blocks in enumerate(size.blocks):
            planes = size.width * 2**place
            layer = [_Bottleneck(width, planes, 1 if place == 0 else 2, size.groups)]
            layer += [_Bottleneck(EXPANSION * planes, planes, 1, size.groups) for _ in range(blocks - 1)]
            self.add_module(f"layer{place + 1}", nn.Sequential(*layer))
            self.add_module(f"att{place + 1}", _Attention(width, EXPANSION * planes, KERNELS[place]))
            width = EXPANSION * planes
        self.att5 = _Attention(width, width, KERNELS[-1])
        self.fc = nn.Linear(width, size.embedding)

    def pictures(self, sound: Tensor) -> Tensor:
        """Waveforms ``(B, sample)`` to three bands of decibels ``(B, 3, 341, time)``."""
        scaled = (sound + 32768.0) * 2.0 / 65535.0 - 1.0
        missing = -(scaled.shape[1] - WINDOW) % HOP if scaled.shape[1] > WINDOW else WINDOW - scaled.shape[1]
        padded = F.pad(scaled, (missing // 2, missing - missing // 2))
        frames = F.pad(padded.unfold(1, WINDOW, HOP) * self.window, ((TRANSFORM - WINDOW) // 2,) * 2)
        power = self.fbsp(frames).transpose(1, 2)[:, : BINS // PICTURES * PICTURES]
        return 10 * torch.where(power > 0, power, SILENT).log10().unflatten(1, (PICTURES, -1))

    def forward(self, sound: Tensor) -> Tensor:
        """Waveforms ``(B, sample)`` in [-1, 1] to embeddings ``(B, embedding)``."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(self.pictures(sound)))), 3, 2, padding=1)
        for place in range(1, self.depth + 1):
            x = self.get_submodule(f"att{place}")(x, self.get_submodule(f"layer{place}")(x))
        return self.fc(self.att5(x, x.mean(dim=(2, 3), keepdim=True)).flatten(1))


class AudioClip(Listener):
    """``features`` ``(1, 1024)`` of a clip's sound. See :class:`Listener`."""

    rate = SAMPLE_RATE
    usual = MM_DIFFUSION
    published = Published(
        name="audioclip",
        what="AudioCLIP after its full training, on AudioSet",
        home="github.com/AndreyGuzhov/AudioCLIP/releases/download/v0.1/AudioCLIP-Full-Training.pt",
        licence="MIT",
        sha256="2441d35b353352c8b1bbfb8f7c687f46314c3d2909e940eaf763b8c17f632c44",
    )

    def load(self) -> nn.Module:
        """The network.

        Raises:
            WeightsError: if the file holds other weights.
        """
        path = self.opened.path
        return frozen(Network(PUBLISHED), tensors(checkpoint(path), path, before="audio."), path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """Features of the clip.

        Raises:
            MediaError: if the clip has no sound.
        """
        sound = self.listening(subject, SAMPLE_RATE).to(self.device)
        return {"features": self.network(sound[None]).cpu().numpy()}
